"""Exports: the register as files, flat for spreadsheets and dashboards or whole as a document."""

from app.domain.exports.document import write_document
from app.domain.exports.flat import COLUMNS, RecommendationExported, rows
from app.domain.exports.sheets import Rows, write_csv, write_json, write_xlsx

__all__ = [
    "COLUMNS",
    "RecommendationExported",
    "Rows",
    "rows",
    "write_csv",
    "write_document",
    "write_json",
    "write_xlsx",
]
