"""A content-addressed cache outside the outs: keys of all that an entry rests on, and entries."""
