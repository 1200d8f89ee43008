"""The night's report: one page that says what came in, how good it is and how it sounds.

tables ──► figures, changes, hours ──► charts ──┐
tables ──► chosen segments ──► clips ──► sounds ┴──► reports/corpus=C/run=R/report.html
"""
