"""The report of a backtest: what stands on a tear sheet, and the tear sheet as one file.

charts        lines, bars and trades as SVG that any page may hold
figures       figures as people read them
fingerprints  what data and which code a result came from
sheet         the sections of a report, in words and drawings
page          all of them as one HTML file that needs nothing else
"""

from candlewick.backtest.report.page import tear_sheet
from candlewick.backtest.report.sheet import Sheet, sections

__all__ = ["Sheet", "sections", "tear_sheet"]
