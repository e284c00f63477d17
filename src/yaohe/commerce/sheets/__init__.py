"""Sheets: products as a table that spreadsheets read and write. Words: sheet, row, dry run."""
