"""A night: discover, plan, segment, annotate, audit, publish, report, in this order."""
