#!/usr/bin/env python
"""Django's command line for OCRSite."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ocrsite.settings")
    from django.core.management import execute_from_command_line

    from accounts.row_security import process_sees_everything
    from ocrsite.environment import LOG_FORMAT
    from ocrsite.log_lines import tell_uncaught

    tell_uncaught(LOG_FORMAT)
    process_sees_everything()
    execute_from_command_line(sys.argv)
