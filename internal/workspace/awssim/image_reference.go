package awssim

import (
	"maps"
	"slices"
	"strconv"
)

// imageReference is something of the account that uses an image.
type imageReference struct{ image, kind, arn string }

// The kinds of things that DescribeImageReferences looks at. The fleet has no image builder, so there are no recipes.
const (
	referInstance  = "ec2:Instance"
	referTemplate  = "ec2:LaunchTemplate"
	referParameter = "ssm:Parameter"
)

var referringKinds = []string{referInstance, referTemplate, referParameter, "imagebuilder:ImageRecipe", "imagebuilder:ContainerRecipe"}

// defaultDepth is how many versions of a template are looked at when the request says nothing.
const defaultDepth = 10

func imageReferenceActions() map[string]action {
	return map[string]action{"DescribeImageReferences": describeImageReferences}
}

// describeImageReferences tells what in the account uses images. It sees neither the image ids in the overrides of
// Auto Scaling groups nor the older versions of a template.
func describeImageReferences(k *call) ([]elem, error) {
	ids := k.p.strs("ImageId")
	if len(ids) == 0 {
		return nil, k.need("ImageId")
	}
	if len(ids) > 10 {
		return nil, refuse("InvalidParameterValue", "At most 10 image ids can be given, not %d.", len(ids))
	}
	asked, err := k.referring()
	if err != nil {
		return nil, err
	}
	if n := k.num(5, "MaxResults"); k.bad == nil && n < 5 {
		return nil, refuse("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value of at least 5.", n)
	}
	var all []imageReference
	for _, id := range ids {
		if _, err := k.fleet.image(id); err != nil {
			return nil, err
		}
		all = append(all, k.fleet.references(id, asked)...)
	}
	shown, next, err := page(k, all, ec2Page, 1000, 1000)
	if err != nil {
		return nil, err
	}
	return []elem{set("imageReferenceSet", shown, func(r imageReference) []elem {
		return []elem{text("imageId", r.image), text("resourceType", r.kind), text("arn", r.arn)}
	}), text("nextToken", next)}, nil
}

// referring is what a request wants to look at: which kinds, instances in which states, how many versions.
type referring struct {
	kinds  []string
	states []string
	depth  int
}

func (k *call) referring() (referring, error) {
	r := referring{depth: defaultDepth}
	requests := k.p.list("ResourceType")
	if k.p.yes("IncludeAllResourceTypes") {
		r.kinds = slices.Clone(referringKinds)
	} else if len(requests) == 0 {
		return r, refuse("MissingParameter", "Either IncludeAllResourceTypes or ResourceTypes must be specified.")
	}
	for _, request := range requests {
		kind := request.str("ResourceType")
		if !slices.Contains(referringKinds, kind) {
			return r, refuse("InvalidParameterValue", "Value (%s) for parameter ResourceType is invalid.", kind)
		}
		r.kinds = append(r.kinds, kind)
		for _, option := range request.list("ResourceTypeOption") {
			if err := r.option(kind, option); err != nil {
				return r, err
			}
		}
	}
	return r, nil
}

func (r *referring) option(kind string, option *params) error {
	name, values := option.str("OptionName"), option.strs("OptionValue")
	switch {
	case kind == referInstance && name == "state-name":
		r.states = values
		return nil
	case kind == referTemplate && name == "version-depth":
		depth, err := strconv.Atoi(first(values))
		if err != nil || depth < 1 || depth > maxVersions {
			return refuse("InvalidParameterValue", "The option version-depth must be a number between 1 and %d, not '%s'.", maxVersions, first(values))
		}
		r.depth = depth
		return nil
	}
	return refuse("InvalidParameterValue", "The option '%s' is invalid for %s.", name, kind)
}

// references lists what uses one image.
func (f *Fleet) references(id string, asked referring) []imageReference {
	var all []imageReference
	add := func(kind, service, resource string) {
		if slices.Contains(asked.kinds, kind) {
			all = append(all, imageReference{id, kind, f.arn(service, resource)})
		}
	}
	for _, i := range f.sorted() {
		if i.image == id && (len(asked.states) == 0 || slices.Contains(asked.states, string(i.state))) {
			add(referInstance, "ec2", "instance/"+i.id)
		}
	}
	for _, t := range f.sortedTemplates() {
		if t.mentions(id, asked.depth) {
			add(referTemplate, "ec2", "launch-template/"+t.id)
		}
	}
	for _, name := range f.parametersHolding(id) {
		add(referParameter, "ssm", "parameter/"+trimSlash(name))
	}
	return all
}

// mentions tells whether one of the newest versions names the image.
func (t *template) mentions(id string, depth int) bool {
	for n, number := range slices.Backward(slices.Sorted(maps.Keys(t.versions))) {
		if len(t.versions)-n > depth {
			return false
		}
		if t.versions[number].data.str("ImageId") == id {
			return true
		}
	}
	return false
}

// parametersHolding are the names of the parameters whose value is the text.
func (f *Fleet) parametersHolding(value string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(f.parameters)) {
		if f.parameters[name].latest().value == value {
			names = append(names, name)
		}
	}
	return names
}

func trimSlash(name string) string {
	if len(name) > 0 && name[0] == '/' {
		return name[1:]
	}
	return name
}
