"""Events of any other tool: their shapes, how they are kept, and what they mean to us."""
