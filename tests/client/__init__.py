"""Tests of the distribution ocrsite-client, in client/."""
