"""The rules once more, slow and plain, written from the contract alone: what the product must equal."""
