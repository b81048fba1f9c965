package sinktest

import (
	"encoding/json"
	"fmt"

	"pinyon/feature"
)

// ParseList reads the JSON text of a list cell.
func ParseList(k feature.Kind, cell []byte) (any, error) {
	switch k {
	case feature.IntList:
		v := []int64{}
		err := json.Unmarshal(cell, &v)
		return v, err
	case feature.FloatList:
		v := []float64{}
		err := json.Unmarshal(cell, &v)
		return v, err
	case feature.Triples:
		var raw [][3]json.Number
		if err := json.Unmarshal(cell, &raw); err != nil {
			return nil, err
		}
		v := []Triple{}
		for _, r := range raw {
			length, err1 := r[0].Int64()
			gap, err2 := r[1].Float64()
			dir, err3 := r[2].Int64()
			if err1 != nil || err2 != nil || err3 != nil {
				return nil, fmt.Errorf("triple %q", r)
			}
			v = append(v, Triple{length, gap, dir})
		}
		return v, nil
	}
	return nil, fmt.Errorf("kind %v is no list", k)
}
