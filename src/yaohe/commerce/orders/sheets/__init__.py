"""Orders as a table to take away, and tracking numbers from one. Words: sheet, parcel."""
