"""What a reader gets: tables, pictures, report and scene."""
