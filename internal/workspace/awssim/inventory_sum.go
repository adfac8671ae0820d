package awssim

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// aggregates answers GetInventory's aggregators: of each, the values of an attribute, and of those nested in it, with
// the number of machines that have them; or how many machines match the filters of groups.
func (k *call) aggregates(nodes []*instance) ([]elem, error) {
	var entities []elem
	asked := k.p.list("Aggregators")
	if len(asked) > 10 {
		return nil, k.malformed("1 validation error detected: Value at 'aggregators' failed to satisfy constraint: Member must have length less than or equal to 10")
	}
	for _, one := range asked {
		if one.has("Groups") {
			entities = append(entities, k.matching(one, nodes)...)
			continue
		}
		kind, path, err := expressions(one)
		if err != nil {
			return nil, err
		}
		entities = append(entities, summed(kind, k.fleet.histogram(nodes, kind, path)))
	}
	return []elem{list("Entities", "member", entities, func(e elem) []elem { return []elem{el("Data", e)} })}, nil
}

// expressions reads an aggregator and those nested in it: attributes of one type.
func expressions(p *params) (kind string, path []string, err error) {
	for p != nil && p.has("Expression") {
		of, attribute, ok := strings.Cut(p.str("Expression"), ".")
		if !ok || kind != "" && of != kind {
			return "", nil, refuse("InvalidAggregatorException", "The aggregator expression '%s' is not valid.", p.str("Expression"))
		}
		kind, path = of, append(path, attribute)
		nested := p.list("Aggregators")
		if len(nested) == 0 {
			return kind, path, nil
		}
		p = nested[0]
	}
	return "", nil, refuse("InvalidAggregatorException", "The aggregator has no expression.")
}

// histogram counts machines by the values of attributes, the most frequent first.
func (f *Fleet) histogram(nodes []*instance, kind string, path []string) []map[string]string {
	count := map[string]int{}
	for _, i := range nodes {
		seen := map[string]bool{}
		for _, entry := range f.collected(i, kind).entries {
			values := make([]string, len(path))
			for n, attribute := range path {
				values[n] = entry[attribute]
			}
			seen[strings.Join(values, "\x00")] = true
		}
		for key := range seen {
			count[key]++
		}
	}
	keys := slices.Sorted(maps.Keys(count))
	slices.SortStableFunc(keys, func(a, b string) int { return count[b] - count[a] })
	rows := make([]map[string]string, 0, len(keys))
	for _, key := range keys {
		row := map[string]string{"Count": strconv.Itoa(count[key])}
		for n, value := range strings.Split(key, "\x00") {
			row[path[n]] = value
		}
		rows = append(rows, row)
	}
	return rows
}

// matching counts, for each group of an aggregator, the machines that match its filters and those that do not.
func (k *call) matching(p *params, nodes []*instance) []elem {
	var all []elem
	for _, group := range p.list("Groups") {
		var filters []inventoryFilter
		kind := ""
		for _, f := range group.list("Filters") {
			filters = append(filters, inventoryFilter{f.str("Key"), f.strs("Values"), f.str("Type")})
			kind, _, _ = strings.Cut(f.str("Key"), ".")
		}
		match := 0
		for _, i := range nodes {
			if k.fleet.holds(i, filters) {
				match++
			}
		}
		all = append(all, summed(kind, []map[string]string{{"Name": group.str("Name"), "matchingCount": strconv.Itoa(match),
			"notMatchingCount": strconv.Itoa(len(nodes) - match)}}))
	}
	return all
}

func summed(kind string, rows []map[string]string) elem {
	return el(kind, text("TypeName", kind), text("SchemaVersion", inventorySchema), members("Content", rows, entryElems))
}
