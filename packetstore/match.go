package packetstore

import "pinyon/packetstore/expr"

// matches are the rows of the group for which a condition holds. It reads the columns that this
// depends on, and of those joined by and or or no further ones than decide.
func (g *opened) matches(n *expr.Node) ([]bool, error) {
	rows := make([]bool, g.rows)
	can, all := g.judge(n)
	if !can {
		return rows, nil
	}
	if all {
		fill(rows, true)
		return rows, nil
	}
	switch n.Kind {
	case expr.And, expr.Or:
		return rows, g.joined(n, rows)
	case expr.Not:
		of, err := g.matches(n.Args[0])
		for i := range of {
			rows[i] = !of[i]
		}
		return rows, err
	}
	v, err := g.values(n.Column)
	if err != nil {
		return nil, err
	}
	switch n.Kind {
	case expr.Absent:
		for i := range rows {
			rows[i] = !v.is(i)
		}
	case expr.In:
		for i, x := range v.ints {
			rows[i] = (v.has == nil || v.has[i]) && n.Holds(x)
		}
	case expr.Is:
		meant := make([]bool, len(v.words))
		for i, w := range v.words {
			meant[i] = n.Match.Holds(w)
		}
		for i, w := range v.texts {
			rows[i] = w >= 0 && meant[w]
		}
	}
	return rows, nil
}

// joined is and and or: rows that are decided stay so.
func (g *opened) joined(n *expr.Node, rows []bool) error {
	and := n.Kind == expr.And
	fill(rows, and)
	open := len(rows)
	for _, a := range n.Args {
		if open == 0 {
			return nil
		}
		of, err := g.matches(a)
		if err != nil {
			return err
		}
		for i := range rows {
			if rows[i] == and && of[i] != and {
				rows[i] = !and
				open--
			}
		}
	}
	return nil
}

func fill(rows []bool, v bool) {
	for i := range rows {
		rows[i] = v
	}
}
