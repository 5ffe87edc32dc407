"""First contact: bootstrap sticks, and the records devices write back to them."""
