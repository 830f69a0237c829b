"""Which instances do I have, which is production, and how do I reach it?

python instance_switcher.py            list them with the environment their names suggest
python instance_switcher.py staging    pick that one and ask its instance API who you are
"""

import sys

from xano_metadata import InstanceInfo, Xano

# Looked for in this order: "preprod" is staging, although it contains "prod".
HINTS = {
    "staging": ("staging", "preprod", "uat"),
    "dev": ("dev", "sandbox", "test"),
    "prod": ("prod", "live"),
}


def environment(instance: InstanceInfo) -> str:
    """Guesses from the names that people gave."""
    names = f"{instance.display} {instance.name}".lower()
    return next((env for env, hints in HINTS.items() if any(h in names for h in hints)), "unknown")


def main(wanted: str | None) -> None:
    with Xano() as xano:
        by_environment: dict[str, list[InstanceInfo]] = {}
        for instance in xano.instances.list():
            by_environment.setdefault(environment(instance), []).append(instance)

        for env, instances in sorted(by_environment.items()):
            for instance in instances:
                limited = "limited" if instance.rate_limit else "unlimited"
                print(f"{env:8} {instance.name:18} {instance.display:22} {limited}")

        if wanted:
            candidates = by_environment.get(wanted, [])
            if len(candidates) != 1:
                sys.exit(f"{len(candidates)} instances look like {wanted}: name one of {sorted(by_environment)}")
            chosen = xano.instance(candidates[0])
            print(f"\n{wanted} is {candidates[0].meta_api}, where you are {chosen.me().name}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
