"""Pictures made smaller in a child process: fragments go in, access units come out.

`messages` is what parent and child say to each other, `child` the program, `transcode` its work.
"""
