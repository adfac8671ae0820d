package awssim

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// localDisk tells the instance types with disks of the host by their names: a d behind the generation, and the
// families that have always had them.
var localDisk = regexp.MustCompile(`^([a-z]+\d+[a-z]*d[a-z]*|(d|h|i|im|is|x)\d+[a-z]*|g[456]|p[345][a-z]*)\.`)

// describeInstanceTypes knows the types that regions offer.
func describeInstanceTypes(k *call) ([]elem, error) {
	wanted := k.p.strs("InstanceType")
	for _, kind := range wanted {
		if !isOffered(kind) {
			return nil, refuse("InvalidInstanceType", "The following supplied instance types do not exist: [%s]", kind)
		}
	}
	all := slices.DeleteFunc(offered(), func(kind string) bool {
		return len(wanted) > 0 && !slices.Contains(wanted, kind)
	})
	all, err := sift(all, k.filters(), instanceTypeField)
	if err != nil {
		return nil, err
	}
	shown, next, err := page(k, all, ec2Page, 100, 100)
	if err != nil {
		return nil, err
	}
	return []elem{set("instanceTypeSet", shown, instanceTypeElems), text("nextToken", next)}, nil
}

func instanceTypeElems(kind string) []elem {
	return []elem{
		text("instanceType", kind),
		flag("currentGeneration", !strings.HasPrefix(kind, "m1.") && !strings.HasPrefix(kind, "t2.")),
		el("processorInfo", texts("supportedArchitectures", "item", []string{archOf(kind)})),
		flag("instanceStorageSupported", localDisk.MatchString(kind)),
		flag("ebsOptimizedSupport", true),
		el("vCpuInfo", num("defaultVCpus", vcpus(kind))),
	}
}

// instanceTypeField answers DescribeInstanceTypes' filters.
func instanceTypeField(kind string) field {
	return func(name string) ([]string, bool) {
		switch name {
		case "instance-type":
			return []string{kind}, true
		case "instance-storage-supported":
			return []string{strconv.FormatBool(localDisk.MatchString(kind))}, true
		case "processor-info.supported-architecture":
			return []string{archOf(kind)}, true
		}
		return nil, false
	}
}
