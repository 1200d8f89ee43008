"""The night's report: one page with all in it that says what came in, how good it is, how it sounds.

tables ──► figures, changes, hours ──► charts ──┐
tables ──► chosen segments ──► clips ──► sounds ┴──► reports/corpus=C/run=R/report.html
"""
