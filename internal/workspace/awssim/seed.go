package awssim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Image describes an AMI to add.
type Image struct {
	// ID is made up when it is empty; so are Name, and State, which is available.
	ID, Name, State string
	Description     string
	// Arch is x86_64 or arm64.
	Arch string
	// Size of the root volume in GiB; 8 by default. DataSize adds a second volume.
	Size, DataSize int
	// Owner is an account; the fleet's own by default.
	Owner  string
	Public bool
	// Key is the KMS key that its volumes are encrypted with, if they are; alias/aws/ebs is AWS's own.
	Key  string
	Tags map[string]string
	// Created is a day ago by default.
	Created time.Time
	// Spoiled says how the image is bad, if it is.
	Spoiled Spoil
}

// AddImage adds an image and returns its id.
func (f *Fleet) AddImage(seed Image) string {
	defer f.cloud.lock()()
	img := &image{
		fleet: f, id: cmp.Or(seed.ID, f.cloud.id("ami")), description: seed.Description,
		state: cmp.Or(seed.State, "available"), arch: cmp.Or(seed.Arch, "x86_64"), owner: cmp.Or(seed.Owner, f.account),
		root: "/dev/xvda", bootMode: "uefi-preferred", tags: cloneTags(seed.Tags), created: seed.Created,
		public: seed.Public, spoiled: seed.Spoiled, imds: "v2.0", protection: "disabled",
	}
	img.name = cmp.Or(seed.Name, img.id)
	if img.created.IsZero() {
		img.created = f.yesterday()
	}
	sizes := map[string]int{"/dev/xvda": cmp.Or(seed.Size, 8)}
	if seed.DataSize > 0 {
		sizes["/dev/xvdb"] = seed.DataSize
	}
	for _, device := range slices.Sorted(maps.Keys(sizes)) {
		s := f.snap(copiedVolume, sizes[device], "Seeded for "+img.id)
		s.started, s.encrypted, s.key = img.created.Add(-time.Hour), seed.Key != "", seed.Key
		img.disks = append(img.disks, imageDisk{device: device, snapshot: s.id, kind: "gp3", size: sizes[device], delete: true, encrypted: s.encrypted})
	}
	f.images[img.id] = img
	return img.id
}

func (f *Fleet) yesterday() time.Time { return f.cloud.now.Add(-24 * time.Hour) }

func cloneTags(t map[string]string) tags {
	twin := tags{}
	maps.Copy(twin, t)
	return twin
}

// Template describes a launch template to add.
type Template struct {
	ID, Name string
	Versions []TemplateVersion
	// Default is the number of the default version; 1 when it is 0.
	Default int
	Tags    map[string]string
}

// TemplateVersion describes one version, numbered from 1.
type TemplateVersion struct {
	Image, Type, Description string
	// Data holds more of the template, in the dotted names of requests, such as KeyName or
	// BlockDeviceMapping.1.Ebs.VolumeSize.
	Data map[string]string
}

// AddTemplate adds a launch template and returns its id.
func (f *Fleet) AddTemplate(seed Template) string {
	defer f.cloud.lock()()
	t := f.newTemplate(seed.Name, "arn:aws:iam::"+f.account+":user/local")
	if seed.ID != "" {
		delete(f.templates, t.id)
		t.id = seed.ID
		f.templates[t.id] = t
	}
	t.created, t.tags = f.yesterday(), cloneTags(seed.Tags)
	for _, seeded := range seed.Versions {
		data := &params{}
		data.put("ImageId", seeded.Image)
		data.put("InstanceType", cmp.Or(seeded.Type, "t3.micro"))
		for name, value := range seeded.Data {
			data.put(name, value)
		}
		t.add(data, seeded.Description, t.createdByCaller).created = t.created
	}
	t.standard = cmp.Or(seed.Default, 1)
	return t.id
}

// Group describes an Auto Scaling group to add, with its instances in service since yesterday.
type Group struct {
	Name string
	// Template is the name or the id of a launch template, Version a number, $Latest or $Default; "1" when empty.
	Template, Version string
	Min, Max, Desired int
	// Zones are the letters of zones; all three by default.
	Zones []string
	// Types make it a group with a mixed instances policy of these instance types.
	Types []string
	// TargetGroups are ARNs. Health is EC2, or ELB when there are target groups.
	TargetGroups []string
	Health       string
	// Grace is the health check grace period, Warmup the default instance warmup; none when nil.
	Grace  time.Duration
	Warmup *time.Duration
	Tags   map[string]string
	// Operator is the AWS service that owns the group, if one does.
	Operator string
}

// AddGroup adds a group. It fails when what the group names is not there.
func (f *Fleet) AddGroup(seed Group) error {
	defer f.cloud.lock()()
	g := f.newGroup(seed.Name)
	g.min, g.max, g.desired = seed.Min, cmp.Or(seed.Max, max(seed.Desired, seed.Min)), seed.Desired
	g.created, g.grace, g.operator, g.targetGroups = f.yesterday(), seed.Grace, seed.Operator, seed.TargetGroups
	if seed.Warmup != nil {
		g.warmup = *seed.Warmup
	}
	if len(seed.TargetGroups) > 0 {
		g.health = "ELB"
	}
	g.health = cmp.Or(seed.Health, g.health)
	for _, key := range slices.Sorted(maps.Keys(seed.Tags)) {
		g.tags = append(g.tags, groupTag{key, seed.Tags[key], true})
	}
	zones := seed.Zones
	if len(zones) == 0 {
		zones = []string{"a", "b", "c"}
	}
	var subnets []string
	for _, letter := range zones {
		subnets = append(subnets, f.subnetIn(f.region+letter))
	}
	g.place(subnets)
	settings, err := f.readConfig(seed.config())
	if err != nil {
		return fmt.Errorf("add group %s: %w", seed.Name, err)
	}
	g.config = settings
	f.groups[g.name] = g
	return g.populate()
}

// config is the group's part of a create request.
func (s Group) config() *params {
	p := &params{}
	path := "LaunchTemplate"
	for n, kind := range s.Types {
		path = "MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification"
		p.put(fmt.Sprintf("MixedInstancesPolicy.LaunchTemplate.Overrides.member.%d.InstanceType", n+1), kind)
	}
	if strings.HasPrefix(s.Template, "lt-") {
		p.put(path+".LaunchTemplateId", s.Template)
	} else {
		p.put(path+".LaunchTemplateName", s.Template)
	}
	p.put(path+".Version", cmp.Or(s.Version, "1"))
	return p
}

// populate launches the desired instances and lets them have been running since yesterday.
func (g *group) populate() error {
	f := g.fleet
	for range g.desired {
		s, err := g.launch(f.cloud.clockPhrase()+" an instance was started in response to a difference between desired "+
			"and actual capacity, increasing the capacity from "+strconv.Itoa(len(g.seats))+" to "+strconv.Itoa(len(g.seats)+1)+".",
			g.emptiest(g.zones))
		if err != nil {
			return fmt.Errorf("add group %s: %w", g.name, err)
		}
		s.instance.backdate(f.yesterday())
		s.serve()
		s.joined, s.inService = f.yesterday(), f.yesterday()
		s.opened.started, s.opened.ended = f.yesterday(), f.yesterday()
	}
	for _, tg := range g.balanced() {
		for _, t := range tg.targets {
			t.registered = f.yesterday()
		}
	}
	return nil
}

// backdate makes an instance one that has been running since a time.
func (i *instance) backdate(since time.Time) {
	i.generation++
	i.created, i.launched = since, since
	i.state = Running
	i.checked()
	for n := range i.disks {
		i.disks[n].attached = since
	}
}

// Instance describes an instance to add, running since yesterday, in no group.
type Instance struct {
	// Name becomes the tag Name.
	Name, Image, Type string
	// Zone is the letter of a zone; a by default.
	Zone string
	// Template and Version name a launch template to launch from instead of Image and Type.
	Template, Version string
	Tags              map[string]string
	// Operator is the AWS service that owns the instance, if one does.
	Operator string
}

// AddInstance adds an instance and returns its id. It fails when what the instance names is not there.
func (f *Fleet) AddInstance(seed Instance) (string, error) {
	defer f.cloud.lock()()
	data, labels := &params{}, cloneTags(seed.Tags)
	if seed.Template != "" {
		spec := templateSpec{name: seed.Template, version: seed.Version}
		if strings.HasPrefix(seed.Template, "lt-") {
			spec.id, spec.name = seed.Template, ""
		}
		t, v, err := f.version(spec)
		if err != nil {
			return "", fmt.Errorf("add instance %s: %w", seed.Name, err)
		}
		data = v.data.clone()
		labels["aws:ec2launchtemplate:id"], labels["aws:ec2launchtemplate:version"] = t.id, v.text()
	}
	if seed.Image != "" {
		data.put("ImageId", seed.Image)
	}
	if seed.Name != "" {
		labels["Name"] = seed.Name
	}
	kind := cmp.Or(seed.Type, data.str("InstanceType"), "t3.micro")
	img, err := f.fit(data, kind)
	if err != nil {
		return "", fmt.Errorf("add instance %s: %w", seed.Name, err)
	}
	i := f.start(img, launch{data: data, subnet: f.subnetIn(f.region + cmp.Or(seed.Zone, "a")), kind: kind, tags: labels,
		group: f.cloud.id("r"), operator: seed.Operator})
	i.backdate(f.yesterday())
	return i.id, nil
}

// AddTargetGroup adds a target group behind a load balancer of the same name, and returns its ARN.
func (f *Fleet) AddTargetGroup(name string) string {
	defer f.cloud.lock()()
	b := &balancer{arn: f.arn("elasticloadbalancing", "loadbalancer/app/"+name+"/50dc6c495c0c9188"), name: name, created: f.yesterday()}
	g := &targetGroup{fleet: f, arn: f.arn("elasticloadbalancing", "targetgroup/"+name+"/73e2d6bc24d8a067"), name: name,
		port: 80, balancer: b.arn}
	f.balancers[b.arn], f.targetGroups[g.arn] = b, g
	return g.arn
}

// AddAlarm adds a CloudWatch alarm in a state: OK, ALARM or INSUFFICIENT_DATA. The dimensions are those of
// the metric that it watches.
func (f *Fleet) AddAlarm(name, state string, dimensions ...Dimension) {
	defer f.cloud.lock()()
	f.alarms[name] = &alarm{name: name, arn: f.arn("cloudwatch", "alarm:"+name), state: state, since: f.yesterday(),
		reason: "Threshold Crossed", dimensions: dimensions}
}

// SpoilImage makes an image bad from now on, or good again with an empty way. It reports whether the
// image was found, in whatever account and region it is.
func (c *Cloud) SpoilImage(id string, how Spoil) bool {
	defer c.lock()()
	found := false
	for _, f := range c.fleets() {
		if img := f.images[id]; img != nil {
			img.spoiled, found = how, true
		}
	}
	return found
}
