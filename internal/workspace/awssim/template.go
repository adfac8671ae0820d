package awssim

import (
	"cmp"
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// template is a launch template.
type template struct {
	fleet           *Fleet
	id, name        string
	created         time.Time
	standard, last  int // the default version, and the number given last
	tags            tags
	versions        map[int]*templateVersion
	createdByCaller string
}

// templateVersion is one version of a launch template. It never changes.
type templateVersion struct {
	number      int
	description string
	data        *params // in request names
	created     time.Time
	caller      string
}

func (v *templateVersion) text() string { return strconv.Itoa(v.number) }

// maxVersions is AWS's limit for one template.
const maxVersions = 10_000

func templateActions() map[string]action {
	return map[string]action{
		"CreateLaunchTemplate":    createLaunchTemplate,
		"DescribeLaunchTemplates": describeLaunchTemplates,
		"ModifyLaunchTemplate":    modifyLaunchTemplate,
		"DeleteLaunchTemplate":    deleteLaunchTemplate,
	}
}

// templateSpec names a template, by id or by name, and a version of it.
type templateSpec struct{ id, name, version string }

func readTemplateSpec(p *params) templateSpec {
	return templateSpec{p.str("LaunchTemplateId"), p.str("LaunchTemplateName"), p.str("Version")}
}

// template finds a template.
func (f *Fleet) template(spec templateSpec) (*template, error) {
	if spec.id != "" {
		if !strings.HasPrefix(spec.id, "lt-") {
			return nil, refuse("InvalidLaunchTemplateId.Malformed", "Invalid launch template ID: %s", spec.id)
		}
		if t := f.templates[spec.id]; t != nil && !f.fresh(t.created) {
			return t, nil
		}
		return nil, refuse("InvalidLaunchTemplateId.NotFound",
			"The specified launch template, with template ID %s, does not exist.", spec.id)
	}
	if spec.name == "" {
		return nil, refuse("MissingParameter", "Either LaunchTemplateId or LaunchTemplateName must be specified.")
	}
	if t := f.named(spec.name); t != nil {
		return t, nil
	}
	return nil, refuse("InvalidLaunchTemplateName.NotFoundException",
		"The specified launch template, with template name %s, does not exist.", spec.name)
}

func (f *Fleet) named(name string) *template {
	for _, t := range f.templates {
		if t.name == name {
			return t
		}
	}
	return nil
}

// version finds a version; $Default is meant when none is named.
func (f *Fleet) version(spec templateSpec) (*template, *templateVersion, error) {
	t, err := f.template(spec)
	if err != nil {
		return nil, nil, err
	}
	v, err := t.version(spec.version)
	return t, v, err
}

func (t *template) version(text string) (*templateVersion, error) {
	number := t.standard
	switch text {
	case "", "$Default":
	case "$Latest":
		number = t.latest()
	default:
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, refuse("InvalidParameterValue", "Invalid launch template version: %s", text)
		}
		number = n
	}
	if v := t.versions[number]; v != nil {
		return v, nil
	}
	return nil, refuse("InvalidLaunchTemplateId.VersionNotFound",
		"Could not find the specified version %s for the launch template with ID %s.", text, t.id)
}

// latest is the highest number that still exists.
func (t *template) latest() int {
	highest := 0
	for n := range t.versions {
		highest = max(highest, n)
	}
	return highest
}

func (t *template) add(data *params, description, caller string) *templateVersion {
	t.last++
	v := &templateVersion{number: t.last, description: description, data: data, created: t.fleet.cloud.now, caller: caller}
	t.versions[v.number] = v
	return v
}

func (f *Fleet) newTemplate(name, caller string) *template {
	t := &template{fleet: f, id: f.cloud.id("lt"), name: name, created: f.cloud.now, standard: 1,
		tags: tags{}, versions: map[int]*templateVersion{}, createdByCaller: caller}
	f.templates[t.id] = t
	return t
}

func (t *template) elem() elem {
	return el("launchTemplate", t.elems()...)
}

func (t *template) elems() []elem {
	return []elem{
		text("launchTemplateId", t.id),
		text("launchTemplateName", t.name),
		when("createTime", t.created),
		text("createdBy", t.createdByCaller),
		num("defaultVersionNumber", t.standard),
		num("latestVersionNumber", t.latest()),
		t.tags.elem(),
	}
}

var templateName = regexp.MustCompile(`^[a-zA-Z0-9().\-/_]{3,128}$`)

func createLaunchTemplate(k *call) ([]elem, error) {
	if err := k.need("LaunchTemplateName", "LaunchTemplateData"); err != nil {
		return nil, err
	}
	name := k.p.str("LaunchTemplateName")
	if !templateName.MatchString(name) {
		return nil, refuse("InvalidLaunchTemplateName.MalformedException", "Invalid launch template name: %s", name)
	}
	return k.once(func() (func() []elem, error) {
		if k.fleet.named(name) != nil {
			return nil, refuse("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
		}
		if limit := k.cloud.opts.TemplateLimit; len(k.fleet.templates) >= limit {
			return nil, refuse("LaunchTemplateLimitExceeded", "You have reached the limit of %d launch templates.", limit)
		}
		if err := k.versionAsked(); err != nil {
			return nil, err
		}
		if err := k.ready(); err != nil {
			return nil, err
		}
		t := k.fleet.newTemplate(name, k.caller.arn)
		t.tags = tagsFrom(k.p, "launch-template")
		v := t.add(k.p.at("LaunchTemplateData").clone(), k.p.str("VersionDescription"), k.caller.arn)
		return func() []elem { return []elem{t.elem(), k.fleet.warning(v.data)} }, nil
	})
}

// versionAsked checks what every new version gives: its description, and its user data.
func (k *call) versionAsked() error {
	if len(k.p.str("VersionDescription")) > 255 {
		return refuse("InvalidParameterValue", "The version description must not be longer than 255 characters.")
	}
	return userDataFits(k.p.at("LaunchTemplateData"))
}

// maxUserData is how long user data may be, before it is written in base64.
const maxUserData = 16_384

// userDataFits checks the user data of a template or of a launch.
func userDataFits(data *params) error {
	written := data.str("UserData")
	if written == "" {
		return nil
	}
	plain, err := base64.StdEncoding.DecodeString(written)
	if err != nil {
		return refuse("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.")
	}
	if len(plain) > maxUserData {
		return refuse("InvalidParameterValue", "User data is limited to 16384 bytes")
	}
	return nil
}

// warning tells what is doubtful about a template's data, which AWS saves all the same.
func (f *Fleet) warning(data *params) elem {
	id, err := f.resolve(data.str("ImageId"))
	if err != nil || id == "" || f.imageNamed(id) != nil {
		return elem{skip: true}
	}
	return el("warning", set("errorSet", []string{id}, func(id string) []elem {
		return []elem{text("code", "InvalidAMIID.NotFound"), text("message", "The image id '["+id+"]' does not exist")}
	}))
}

func describeLaunchTemplates(k *call) ([]elem, error) {
	all, err := k.chosenTemplates()
	if err != nil {
		return nil, err
	}
	if all, err = sift(all, k.filters(), func(t *template) field { return t.field }); err != nil {
		return nil, err
	}
	shown, next, err := page(k, all, ec2Page, 200, 200)
	if err != nil {
		return nil, err
	}
	return []elem{set("launchTemplates", shown, (*template).elems), text("nextToken", next)}, nil
}

func (k *call) chosenTemplates() ([]*template, error) {
	var specs []templateSpec
	for _, id := range k.p.strs("LaunchTemplateId") {
		specs = append(specs, templateSpec{id: id})
	}
	for _, name := range k.p.strs("LaunchTemplateName") {
		specs = append(specs, templateSpec{name: name})
	}
	if len(specs) == 0 {
		return slices.DeleteFunc(k.fleet.sortedTemplates(), func(t *template) bool { return k.fleet.fresh(t.created) }), nil
	}
	var all []*template
	for _, spec := range specs {
		t, err := k.fleet.template(spec)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

func (f *Fleet) sortedTemplates() []*template {
	all := sortedValues(f.templates)
	slices.SortStableFunc(all, func(a, b *template) int { return cmp.Compare(a.name, b.name) })
	return all
}

func (t *template) field(name string) ([]string, bool) {
	switch name {
	case "launch-template-name":
		return []string{t.name}, true
	case "create-time":
		return []string{t.created.UTC().Format(stamp)}, true
	}
	return t.tags.field(name)
}

// askedTemplate finds the template a request names by LaunchTemplateId or LaunchTemplateName.
func (k *call) askedTemplate() (*template, error) {
	return k.fleet.template(readTemplateSpec(k.p))
}

func modifyLaunchTemplate(k *call) ([]elem, error) {
	t, err := k.askedTemplate()
	if err != nil {
		return nil, err
	}
	return k.once(func() (func() []elem, error) {
		if wanted := k.p.str("SetDefaultVersion"); wanted != "" {
			v, err := t.version(wanted)
			if err != nil {
				return nil, err
			}
			if err := k.ready(); err != nil {
				return nil, err
			}
			t.standard = v.number
		}
		return func() []elem { return []elem{t.elem()} }, nil
	})
}

func deleteLaunchTemplate(k *call) ([]elem, error) {
	t, err := k.askedTemplate()
	if err != nil {
		return nil, err
	}
	if err := k.ready(); err != nil {
		return nil, err
	}
	delete(k.fleet.templates, t.id)
	return []elem{t.elem()}, nil
}
