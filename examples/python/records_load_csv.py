"""A large CSV file into a table, so that it can be stopped and started again.

python records_load_csv.py INSTANCE products.csv

Kill it and start it again: it goes on where it was, and no row is lost or doubled. Rows that the table
does not take come back with their line and the reason; the others are loaded.
"""

import sys

from xano_metadata import RecordError, Xano


def main(instance: str, file: str) -> None:
    with Xano() as xano:
        products = xano.instance(instance).workspace("Main").table("product").records
        try:
            report = products.upsert(
                file,
                key="sku",  # rows that are there already are brought up to date
                on_error="collect",
                checkpoint=f"{file}.checkpoint",
                on_progress=lambda p: print(f"\r{p.rows} rows, {p.rate:.0f} a second", end="", file=sys.stderr),
            )
        except RecordError as error:
            sys.exit(f"\nstopped: {error}")
    print(f"{report.inserted} new, {report.updated} changed, {report.failed} refused")
    for failure in report.failures[:10]:
        print(f"  row {failure.row}: {failure.column}: {failure.reason}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
