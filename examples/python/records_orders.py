"""A table as a data frame: what each city spent, and a plot of the weeks.

python records_orders.py INSTANCE [plot.png]      pip install pandas matplotlib
"""

import sys

import matplotlib.pyplot as plt
import pandas as pd

from xano_metadata import Xano, where


def spent_by_city(xano: Xano, instance: str) -> tuple["pd.Series[float]", "pd.Series[float]"]:
    main = xano.instance(instance).workspace("Main")
    orders = main.table("order").records.to_pandas(where(status__in=["paid", "sent"]), datetimes=True)
    customers = main.table("customer").records.to_pandas(columns=["id", "city"])
    joined = orders.merge(customers, left_on="customer", right_on="id", suffixes=("", "_customer"))
    by_city = joined.groupby("city")["total"].sum().sort_values(ascending=False)
    return by_city, joined.set_index("day")["total"].resample("W").sum()


def main(instance: str, picture: str | None = None) -> None:
    with Xano() as xano:
        by_city, by_week = spent_by_city(xano, instance)
    for city, total in by_city.items():
        print(f"{city:8} {total:10.2f}")
    if picture:
        by_week.plot(title="Paid orders", ylabel="total a week", rot=30)
        plt.tight_layout()
        plt.savefig(picture)
        print(f"plotted {len(by_week)} weeks to {picture}")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:3])
