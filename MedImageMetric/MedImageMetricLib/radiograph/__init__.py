"""Chapter 1: preprocessing, detection, conditions, level and findings of a chest radiograph."""
