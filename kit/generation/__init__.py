"""What is made for others to use: inventories, labels, later stock projects. Data, never code."""
