package awssim

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// inventory is what was collected on a machine about one type of thing, such as AWS:Application.
type inventory struct {
	captured time.Time
	entries  []map[string]string
}

func inventoryActions() map[string]action {
	return map[string]action{
		"ListInventoryEntries": listInventoryEntries,
		"GetInventory":         getInventory,
	}
}

// SetInventory says what was collected on a machine now about one type of thing, such as AWS:Application.
func (f *Fleet) SetInventory(instance, kind string, entries []map[string]string) {
	defer f.cloud.lock()()
	if f.inventory[instance] == nil {
		f.inventory[instance] = map[string]inventory{}
	}
	f.inventory[instance][kind] = inventory{f.cloud.now, entries}
}

const (
	instanceType    = "AWS:InstanceInformation"
	inventorySchema = "1.0"
)

// collected is what is known of a machine about one type. What the agent says of itself is always known.
func (f *Fleet) collected(i *instance, kind string) inventory {
	if kind != instanceType {
		return f.inventory[i.id][kind]
	}
	status := map[bool]string{true: "Active", false: "Terminated"}[i.state != Terminated]
	return inventory{f.cloud.now, []map[string]string{{"InstanceId": i.id, "AgentType": "amazon-ssm-agent", "AgentVersion": agentVersion,
		"ComputerName": i.name(), "IpAddress": i.privateIP, "PlatformName": "Amazon Linux", "PlatformType": "Linux",
		"PlatformVersion": "2023", "ResourceType": "EC2Instance", "InstanceStatus": status}}}
}

func entryElems(entry map[string]string) []elem {
	var all []elem
	for _, name := range slices.Sorted(maps.Keys(entry)) {
		all = append(all, raw(name, entry[name]))
	}
	return all
}

// inventoryFilters reads filters, whose types compare in different ways.
func (k *call) inventoryFilters() ([]inventoryFilter, error) {
	var all []inventoryFilter
	for _, f := range k.p.list("Filters") {
		one := inventoryFilter{f.str("Key"), f.strs("Values"), cmp.Or(f.str("Type"), "Equal")}
		if !slices.Contains([]string{"Equal", "NotEqual", "BeginWith", "LessThan", "GreaterThan", "Exists"}, one.how) || one.key == "" {
			return nil, refuse("InvalidFilter", "The filter '%s' of type '%s' is not valid.", one.key, one.how)
		}
		if one.how == "Exists" {
			return nil, refuse("InvalidFilter", "The filter type Exists is only valid for aggregators.")
		}
		all = append(all, one)
	}
	if len(all) > 5 {
		return nil, k.malformed("1 validation error detected: Value at 'filters' failed to satisfy constraint: Member must have length less than or equal to 5")
	}
	return all, nil
}

type inventoryFilter struct {
	key    string
	values []string
	how    string
}

// holds tells whether a value passes.
func (f inventoryFilter) holds(value string) bool {
	oneOf := func(match func(string) bool) bool { return slices.ContainsFunc(f.values, match) }
	switch f.how {
	case "NotEqual":
		return !slices.Contains(f.values, value)
	case "BeginWith":
		return oneOf(func(v string) bool { return strings.HasPrefix(value, v) })
	case "LessThan":
		return oneOf(func(v string) bool { return value < v })
	case "GreaterThan":
		return oneOf(func(v string) bool { return value > v })
	case "Exists":
		return value != ""
	}
	return slices.Contains(f.values, value)
}

// listInventoryEntries shows what was collected on one machine about one type, with the time it was collected.
func listInventoryEntries(k *call) ([]elem, error) {
	if err := k.need("InstanceId", "TypeName"); err != nil {
		return nil, err
	}
	kind := k.p.str("TypeName")
	if !strings.HasPrefix(kind, "AWS:") && !strings.HasPrefix(kind, "Custom:") {
		return nil, refuse("InvalidTypeNameException", "The inventory type name '%s' is not valid.", kind)
	}
	i := k.fleet.instances[k.p.str("InstanceId")]
	if i == nil {
		return nil, refuse("InvalidInstanceId", "The instance ID '%s' is not valid.", k.p.str("InstanceId"))
	}
	filters, err := k.inventoryFilters()
	if err != nil {
		return nil, err
	}
	found := k.fleet.collected(i, kind)
	entries := slices.DeleteFunc(slices.Clone(found.entries), func(entry map[string]string) bool {
		return slices.ContainsFunc(filters, func(f inventoryFilter) bool { return !f.holds(entry[strings.TrimPrefix(f.key, kind+".")]) })
	})
	shown, next, err := page(k, entries, ssmPage, 50, 50)
	if err != nil {
		return nil, err
	}
	return []elem{
		text("TypeName", kind),
		text("InstanceId", i.id),
		text("SchemaVersion", inventorySchema),
		raw("CaptureTime", captureTime(found.captured)),
		members("Entries", shown, entryElems),
		text("NextToken", next),
	}, nil
}

func captureTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

// getInventory lists the machines on which something with all the attributes was found. It shows what the agents say
// of themselves, whatever the filters are about.
func getInventory(k *call) ([]elem, error) {
	for _, wanted := range k.p.list("ResultAttributes") {
		if kind := wanted.str("TypeName"); kind != instanceType {
			return nil, refuse("InvalidResultAttributeException", "The result attribute '%s' is not valid.", kind)
		}
	}
	filters, err := k.inventoryFilters()
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(k.fleet.nodes(), func(i *instance) bool { return !k.fleet.holds(i, filters) })
	if k.p.has("Aggregators") {
		return k.aggregates(all)
	}
	shown, next, err := page(k, all, ssmPage, 50, 50)
	if err != nil {
		return nil, err
	}
	return []elem{members("Entities", shown, func(i *instance) []elem {
		found := k.fleet.collected(i, instanceType)
		return []elem{text("Id", i.id), el("Data", el(instanceType,
			text("TypeName", instanceType), text("SchemaVersion", inventorySchema), text("CaptureTime", captureTime(found.captured)),
			members("Content", found.entries, entryElems)))}
	}), text("NextToken", next)}, nil
}

// holds tells whether, for every type that the filters are about, one entry passes all the filters of that type.
func (f *Fleet) holds(i *instance, filters []inventoryFilter) bool {
	byType := map[string][]inventoryFilter{}
	for _, one := range filters {
		kind, attribute, _ := strings.Cut(one.key, ".")
		one.key = attribute
		byType[kind] = append(byType[kind], one)
	}
	for kind, wanted := range byType {
		if !slices.ContainsFunc(f.collected(i, kind).entries, func(entry map[string]string) bool {
			return !slices.ContainsFunc(wanted, func(one inventoryFilter) bool { return !one.holds(entry[one.key]) })
		}) {
			return false
		}
	}
	return true
}
