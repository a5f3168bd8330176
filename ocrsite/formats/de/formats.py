"""How German pages write numbers in markup: as SVG, CSS and ``value=`` need them.

Numbers for people are written by the filters of `jobs.templatetags.measures`. Dates are Django's.
"""

DECIMAL_SEPARATOR = "."
THOUSAND_SEPARATOR = ""
NUMBER_GROUPING = 0
