package awssim

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parameter is a parameter of Systems Manager, with its versions from the oldest kept.
type parameter struct {
	name, kind, dataType string
	versions             []parameterVersion
}

type parameterVersion struct {
	number int
	value  string
	set    time.Time
	labels []string
}

// keptVersions is how many versions of a parameter are kept.
const keptVersions = 100

func parameterActions() map[string]action {
	return map[string]action{
		"GetParameter":          getParameter,
		"GetParameters":         getParameters,
		"PutParameter":          putParameter,
		"LabelParameterVersion": labelParameterVersion,
	}
}

func (p *parameter) latest() parameterVersion { return p.versions[len(p.versions)-1] }

// set adds a version, and forgets the oldest beyond what is kept.
func (p *parameter) set(value string, at time.Time) int {
	number := 1
	if len(p.versions) > 0 {
		number = p.latest().number + 1
	}
	p.versions = append(p.versions, parameterVersion{number: number, value: value, set: at})
	p.versions = p.versions[max(len(p.versions)-keptVersions, 0):]
	return number
}

// version finds a version by number or by label; an empty selector means the latest.
func (p *parameter) version(selector string) (parameterVersion, bool) {
	if selector == "" {
		return p.latest(), true
	}
	for _, v := range p.versions {
		if strconv.Itoa(v.number) == selector || slices.Contains(v.labels, selector) {
			return v, true
		}
	}
	return parameterVersion{}, false
}

// SetParameter gives an SSM parameter a value, for image ids such as resolve:ssm:/golden/web.
func (f *Fleet) SetParameter(name, value string) {
	defer f.cloud.lock()()
	if f.parameters[name] == nil {
		f.parameters[name] = &parameter{name: name, kind: "String", dataType: "text"}
	}
	f.parameters[name].set(value, f.cloud.now)
}

const ssmPrefix = "resolve:ssm:"

// resolve turns resolve:ssm:name[:version] into the image id it stands for; other ids stay as they are.
func (f *Fleet) resolve(imageID string) (string, error) {
	name, ok := strings.CutPrefix(imageID, ssmPrefix)
	if !ok {
		return imageID, nil
	}
	if _, v, err := f.parameter(name); err == nil {
		return v.value, nil
	}
	return "", refuse("InvalidParameterValue", "The parameter '%s' cannot be resolved to an image id.", imageID)
}

// parameter finds a parameter by name, name:version or name:label.
func (f *Fleet) parameter(full string) (*parameter, parameterVersion, error) {
	name, selector, _ := strings.Cut(full, ":")
	p := f.parameters[name]
	if p == nil {
		return nil, parameterVersion{}, refuse("ParameterNotFound", "")
	}
	v, ok := p.version(selector)
	if !ok {
		return nil, v, refuse("ParameterVersionNotFound", "Systems Manager could not find version %s of %s. Verify the version and try again.", selector, name)
	}
	return p, v, nil
}

func (f *Fleet) parameterElems(asked string) ([]elem, error) {
	p, v, err := f.parameter(asked)
	if err != nil {
		return nil, err
	}
	_, selector, found := strings.Cut(asked, ":")
	return []elem{
		text("Name", p.name),
		text("Type", p.kind),
		text("Value", v.value),
		num("Version", v.number),
		only(found, text("Selector", ":"+selector)),
		when("LastModifiedDate", v.set),
		text("ARN", f.arn("ssm", "parameter/"+trimSlash(p.name))),
		text("DataType", p.dataType),
	}, nil
}

func getParameter(k *call) ([]elem, error) {
	if err := k.need("Name"); err != nil {
		return nil, err
	}
	shown, err := k.fleet.parameterElems(k.p.str("Name"))
	if err != nil {
		return nil, err
	}
	return []elem{el("Parameter", shown...)}, nil
}

// getParameters lists what it does not know instead of failing.
func getParameters(k *call) ([]elem, error) {
	names := k.p.strs("Names")
	if len(names) == 0 || len(names) > 10 {
		return nil, k.malformed("Between 1 and 10 names must be given.")
	}
	found, missing := elem{name: "Parameters", kind: aList}, []string{}
	for _, name := range names {
		shown, err := k.fleet.parameterElems(name)
		if err != nil {
			missing = append(missing, name)
			continue
		}
		found.kids = append(found.kids, el("member", shown...))
	}
	return []elem{found, texts("InvalidParameters", "member", missing)}, nil
}

// putParameter makes a parameter or a version of it. A value that is said to be an image id is looked up later, and
// dropped without a word when there is no such image.
func putParameter(k *call) ([]elem, error) {
	if err := k.need("Name", "Value"); err != nil {
		return nil, err
	}
	name, value := k.p.str("Name"), k.p.str("Value")
	p := k.fleet.parameters[name]
	switch {
	case strings.HasPrefix(name, "aws") || strings.HasPrefix(name, "/aws") || strings.HasPrefix(name, "ssm"):
		return nil, refuse("ValidationException", "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).")
	case p != nil && !k.p.yes("Overwrite"):
		return nil, refuse("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	case p == nil && !slices.Contains([]string{"String", "StringList", "SecureString"}, k.p.str("Type")):
		return nil, refuse("ValidationException", "A parameter type is required when you create a parameter.")
	case len(value) > 4096:
		return nil, refuse("ValidationException", "Standard tier parameters support a maximum parameter value of 4096 characters.")
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	if p == nil {
		p = &parameter{name: name, kind: k.p.str("Type"), dataType: cmp.Or(k.p.str("DataType"), "text")}
	}
	if p.dataType == "aws:ec2:image" && k.fleet.imageNamed(value) == nil {
		return []elem{num("Version", p.next()), text("Tier", "Standard")}, nil
	}
	k.fleet.parameters[name] = p
	return []elem{num("Version", p.set(value, k.cloud.now)), text("Tier", "Standard")}, nil
}

func (p *parameter) next() int {
	if len(p.versions) == 0 {
		return 1
	}
	return p.latest().number + 1
}

// labelParameterVersion moves labels to a version, the latest when none is named.
func labelParameterVersion(k *call) ([]elem, error) {
	if err := k.need("Name", "Labels"); err != nil {
		return nil, err
	}
	p, v, err := k.fleet.parameter(strings.TrimSuffix(k.p.str("Name")+":"+k.p.str("ParameterVersion"), ":"))
	if err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	labels := k.p.strs("Labels")
	for n := range p.versions {
		at := &p.versions[n]
		at.labels = slices.DeleteFunc(at.labels, func(label string) bool { return slices.Contains(labels, label) })
		if at.number == v.number {
			at.labels = append(at.labels, labels...)
		}
	}
	return []elem{texts("InvalidLabels", "member", nil), num("ParameterVersion", v.number)}, nil
}
