"""Every table of a workspace from one data source to another, for instance each night from live to test.

python records_nightly_copy.py INSTANCE [FROM [TO]]      default: from `live` to `test`

The target is emptied first; `truncate` asks for nothing, so the names are checked here. Ids are kept, so
that references between tables stay right.
"""

import sys

from xano_metadata import Xano


def main(instance: str, source: str = "live", target: str = "test") -> None:
    if target == "live":
        sys.exit("this example does not overwrite live records")
    with Xano() as xano:
        main = xano.instance(instance).workspace("Main")
        if target not in {found.label for found in main.data_sources.list()}:
            main.data_sources.create(label=target, color="#268bd2")
        for table in main.tables.list():
            records = main.table(table.id).records
            main.table(table.id).truncate(reset=True, data_source=target)
            report = records.copy_to(records, data_source=source, to_data_source=target, keep_ids=True)
            print(f"{table.name:12} {report.inserted:7} records in {report.seconds:.1f} s")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:4])
