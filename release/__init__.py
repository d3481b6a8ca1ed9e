"""Build what `make release` publishes, with the same bytes on each run of the same tools.

`make release` writes into one folder: the functions' packages for each processor, the template as
plain CloudFormation, the list of what the packages contain (CycloneDX), the command line as a wheel
and as a source distribution, the files of `deploy`, and SHA256SUMS.
"""
