"""PostgreSQL, with every statement telling for which tenant it is (accounts/row_security.py)."""
