"""The mark on methods that Xano advises against: editors strike them out, calling one warns."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import deprecated as deprecated  # noqa: PLC0414 - exported
else:

    def deprecated(reason):
        """Marks a function; each call gives a DeprecationWarning at the caller."""

        def mark(function):
            from functools import wraps  # noqa: PLC0415

            @wraps(function)
            def warned(*args, **kwargs):
                from warnings import warn  # noqa: PLC0415

                warn(f"{function.__qualname__} is deprecated: {reason}", DeprecationWarning, stacklevel=2)
                return function(*args, **kwargs)

            warned.__deprecated__ = reason
            return warned

        return mark
