package awssim

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// sizes of machines, with their vCPUs.
var (
	burstSizes = []string{"nano", "micro", "small", "medium", "large", "xlarge", "2xlarge"}
	plainSizes = []string{"large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge"}
	armSizes   = []string{"medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge"}
)

// families are the machines that every region offers, by family.
var families = map[string][]string{
	"t2": burstSizes, "t3": burstSizes, "t3a": burstSizes, "t4g": burstSizes,
	"m5": plainSizes, "m5d": plainSizes, "m6i": plainSizes, "m6id": plainSizes, "c6id": plainSizes, "r6id": plainSizes, "m6a": plainSizes, "m7i": plainSizes, "m7a": plainSizes,
	"c5": plainSizes, "c5d": plainSizes, "c6i": plainSizes, "c7i": plainSizes, "r5": plainSizes, "r6i": plainSizes, "r7i": plainSizes,
	"m6g": armSizes, "m7g": armSizes, "c6g": armSizes, "c7g": armSizes, "r6g": armSizes, "r7g": armSizes,
	"i3": plainSizes, "i4i": plainSizes, "g4dn": plainSizes, "g5": plainSizes, "m1": {"small", "medium", "large", "xlarge"},
}

// offered lists the types of machines of a region.
func offered() []string {
	var all []string
	for _, family := range slices.Sorted(maps.Keys(families)) {
		for _, size := range families[family] {
			all = append(all, family+"."+size)
		}
	}
	return all
}

// isOffered tells whether there is such a type.
func isOffered(kind string) bool {
	family, size, _ := strings.Cut(kind, ".")
	return slices.Contains(families[family], size)
}

// vcpus is how many processors a machine of the type has.
func vcpus(kind string) int {
	family, size, _ := strings.Cut(kind, ".")
	number, many := strings.CutSuffix(size, "xlarge")
	switch {
	case many && number == "":
		return 4
	case many:
		n, _ := strconv.Atoi(number)
		return 4 * n
	case size == "medium" && strings.HasSuffix(family, "g") && family != "t4g", family == "m1" || family == "t2" && size != "medium" && size != "large":
		return 1
	}
	return 2
}

// vcpus counts the processors of what runs.
func (f *Fleet) vcpus() int {
	n := 0
	for _, i := range f.instances {
		if i.state != Terminated && i.state != Stopped {
			n += vcpus(i.kind)
		}
	}
	return n
}

// offering is a type in a place.
type offering struct{ kind, place string }

func describeInstanceTypeOfferings(k *call) ([]elem, error) {
	at := k.p.str("LocationType")
	places := []string{k.fleet.region}
	switch at {
	case "", "region":
		at = "region"
	case "availability-zone":
		places = []string{k.fleet.region + "a", k.fleet.region + "b", k.fleet.region + "c"}
	default:
		return nil, refuse("InvalidParameterValue", "Value (%s) for parameter LocationType is invalid.", at)
	}
	var all []offering
	for _, kind := range offered() {
		for _, place := range places {
			all = append(all, offering{kind, place})
		}
	}
	all, err := sift(all, k.filters(), func(o offering) field { return o.field })
	if err != nil {
		return nil, err
	}
	if err := k.atLeastFive(); err != nil {
		return nil, err
	}
	shown, next, err := page(k, all, ec2Page, 1000, 1000)
	if err != nil {
		return nil, err
	}
	return []elem{set("instanceTypeOfferingSet", shown, func(o offering) []elem {
		return []elem{text("instanceType", o.kind), text("locationType", at), text("location", o.place)}
	}), text("nextToken", next)}, nil
}

func (o offering) field(name string) ([]string, bool) {
	switch name {
	case "instance-type":
		return []string{o.kind}, true
	case "location":
		return []string{o.place}, true
	}
	return nil, false
}
