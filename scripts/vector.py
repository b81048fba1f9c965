"""What the vector scripts share: a case, and the rows of a capture by their ends."""
import collections, ipaddress

import rows

OPTIONS = ('--features', 'all,extra')


class Case(collections.namedtuple('Case', 'source field capture flow want got')):
    """One value. got is what Pinyon has, of all rows of the flow; want has to be among it."""

    @property
    def equal(self):
        return self.want in self.got


def address(s):
    """Zeek and FoxIO write addresses each in its own way."""
    return ipaddress.ip_address(s)


def ends(a, aport, b, bport):
    """The key of a flow, directions aside."""
    x, y = (address(a).packed, int(aport)), (address(b).packed, int(bport))
    return min(x, y), max(x, y)


class Flows:
    """Rows of a capture, as the command gives them, and behind them those inside tunnels."""

    def __init__(self, path):
        self.rows = rows.extract(path, *OPTIONS)
        self.by = self.index(self.rows)
        self.path, self.inner = path, None

    @staticmethod
    def index(found):
        by = collections.defaultdict(list)
        for r in found:
            if r.get('src_ip'):
                by[ends(r['src_ip'], r.get('src_port') or 0, r['dst_ip'], r.get('dst_port') or 0)].append(r)
        return by

    def inside(self):
        """Rows by the innermost headers, read when they are first asked for."""
        if self.inner is None:
            self.inner = self.index(rows.extract(self.path, '--decap', 'inner', *OPTIONS))
        return self.inner

    def find(self, key, protocol=None):
        """Rows between two ends; if there is none, those of the innermost headers."""
        found = self.by.get(key) or self.inside().get(key, [])
        return [r for r in found if protocol in (None, r['protocol'])]

    def where(self, holds):
        """Rows for which something holds; if there is none, of those inside tunnels."""
        return [r for r in self.rows if holds(r)] or [r for rs in self.inside().values() for r in rs if holds(r)]


def values(found, *columns):
    """Distinct values that are not missing."""
    return sorted({r[c] for r in found for c in columns if r.get(c)})
