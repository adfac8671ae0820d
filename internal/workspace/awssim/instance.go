package awssim

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"time"
)

// State is a state of an EC2 instance.
type State string

// The states of an instance.
const (
	Pending      State = "pending"
	Running      State = "running"
	ShuttingDown State = "shutting-down"
	Terminated   State = "terminated"
	Stopping     State = "stopping"
	Stopped      State = "stopped"
)

var stateCodes = map[State]int{Pending: 0, Running: 16, ShuttingDown: 32, Terminated: 48, Stopping: 64, Stopped: 80}

// instance is one EC2 instance.
type instance struct {
	fleet *Fleet
	id    string
	data  *params // what it was launched with, in request names

	image, kind, arch, zone, subnet string
	privateIP, publicIP             string
	reservation, token              string
	index                           int
	market                          string // "spot" or nothing
	operator                        string // the AWS service that owns it, or nothing
	rootDevice                      string
	disks                           []disk

	state             State
	why               string // the state reason's message
	whyCode           string
	launched, created time.Time
	system, status    check
	application       bool // whether what runs on it answers health checks
	tags              tags
	seat              *seat
	rebooting         bool
	cutOff            time.Time // since when Systems Manager hears nothing of it
	generation        int       // counts starts, so that what was scheduled for an earlier one is dropped
}

// check is the outcome of one kind of status check.
type check struct {
	status string
	since  time.Time // when it became impaired
}

func (c check) impaired() bool { return c.status == "impaired" }

// disk is a volume attached to an instance.
type disk struct {
	device, volume string
	attached       time.Time
	delete         bool // on termination
}

// launch is what a new instance is made from.
type launch struct {
	data     *params
	subnet   string
	kind     string
	market   string
	tags     tags
	token    string
	group    string // the reservation
	index    int
	operator string
}

var armFamily = regexp.MustCompile(`^[a-z]+\d+g[a-z]*\.|^a1\.`)

// fit checks that a machine of this kind can start from the image that data names, and returns the image.
func (f *Fleet) fit(data *params, kind string) (*image, error) {
	id, err := f.resolve(data.str("ImageId"))
	if err != nil {
		return nil, err
	}
	if id == "" {
		return nil, refuse("MissingParameter", "The request must contain the parameter ImageId")
	}
	if !strings.HasPrefix(id, "ami-") {
		return nil, refuse("InvalidAMIID.Malformed", "Invalid id: \"%s\" (expecting \"ami-...\")", id)
	}
	img := f.imageNamed(id)
	if img == nil || img.state == "deregistered" {
		return nil, refuse("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", id)
	}
	if img.state != "available" {
		return nil, refuse("InvalidAMIID.Unavailable", "AMI '%s' is %s, and cannot be run", id, img.state)
	}
	if !isOffered(kind) {
		return nil, refuse("InvalidParameterValue", "Invalid value '%s' for InstanceType.", kind)
	}
	if arch := archOf(kind); arch != img.arch {
		return nil, refuse("InvalidParameterValue", "The architecture '%s' of the specified instance type does not match "+
			"the architecture '%s' of the specified AMI. Specify an instance type and an AMI that have matching "+
			"architectures, and try again.", arch, img.arch)
	}
	if limit := f.cloud.opts.InstanceLimit; f.running() >= limit {
		return nil, refuse("InstanceLimitExceeded", "You have requested more instances than your current instance limit of %d allows.", limit)
	}
	if limit := f.cloud.opts.VCPULimit; limit > 0 && f.vcpus()+vcpus(kind) > limit {
		return nil, refuse("VcpuLimitExceeded", "You have requested more vCPU capacity than your current vCPU limit of %d allows for "+
			"the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request "+
			"to request an adjustment to this limit.", limit)
	}
	if data.has("NetworkInterface") && (data.has("SecurityGroupId") || data.has("SubnetId")) {
		return nil, refuse("InvalidParameterCombination", "Network interfaces and an instance-level security groups "+
			"may not be specified on the same request")
	}
	if err := userDataFits(data); err != nil {
		return nil, err
	}
	return img, f.furnished(data)
}

// running counts the instances that are not terminated.
func (f *Fleet) running() int {
	n := 0
	for _, i := range f.instances {
		if i.state != Terminated {
			n++
		}
	}
	return n
}

func archOf(kind string) string {
	if armFamily.MatchString(kind) {
		return "arm64"
	}
	return "x86_64"
}

// start makes an instance that will be running in a while.
func (f *Fleet) start(img *image, l launch) *instance {
	c := f.cloud
	i := &instance{
		fleet:       f,
		id:          c.id("i"),
		data:        l.data,
		image:       img.id,
		kind:        l.kind,
		arch:        img.arch,
		subnet:      l.subnet,
		zone:        f.zoneOf(l.subnet),
		privateIP:   f.address(),
		reservation: l.group,
		token:       l.token,
		index:       l.index,
		market:      l.market,
		operator:    l.operator,
		rootDevice:  img.root,
		launched:    c.now,
		created:     c.now,
		application: img.spoiled != SpoiledUnhealthy,
		tags:        l.tags,
	}
	if l.data.yes("NetworkInterface", "1", "AssociatePublicIpAddress") {
		i.publicIP = "203.0.113." + i.privateIP[strings.LastIndex(i.privateIP, ".")+1:]
	}
	i.addDisks(img)
	f.instances[i.id] = i
	img.lastLaunched = c.now
	i.boot()
	return i
}

// boot takes the instance from pending to running, and then lets its status checks tell.
func (i *instance) boot() {
	c := i.fleet.cloud
	c.tell(Change{Kind: Restarted, Instance: i.id})
	i.generation++
	i.rebooting, i.cutOff = false, time.Time{}
	started := i.generation
	i.system, i.status = check{status: "initializing"}, check{status: "initializing"}
	i.enter(Pending)
	c.after(c.opts.PendingFor, func() {
		if i.state != Pending || i.generation != started {
			return
		}
		if i.spoiled() == SpoiledFails {
			i.die("Client.InternalError", "Client.InternalError: Client error on launch")
			return
		}
		i.enter(Running)
	})
	c.after(c.opts.PendingFor+c.opts.BootFor, func() {
		if i.state == Running && i.generation == started {
			i.checked()
		}
	})
}

// checked is the first verdict of the status checks.
func (i *instance) checked() {
	if i.system.status == "initializing" {
		i.system = check{status: "ok"}
	}
	if i.status.status == "initializing" {
		i.status = check{status: "ok"}
		if i.spoiled() == SpoiledUnhealthy {
			i.status = check{"impaired", i.fleet.cloud.now}
		}
	}
	i.notice()
}

func (i *instance) spoiled() Spoil {
	if img := i.fleet.imageNamed(i.image); img != nil {
		return img.spoiled
	}
	return ""
}

// enter sets the state; a group that owns the instance takes notice.
func (i *instance) enter(s State) {
	i.state = s
	if s == Pending || s == Running {
		i.why, i.whyCode = "", ""
	}
	i.notice()
}

func (i *instance) notice() {
	if i.seat != nil {
		i.seat.group.wake(0)
	}
}

// die shuts the instance down for good.
func (i *instance) die(code, why string) {
	if i.state == ShuttingDown || i.state == Terminated {
		return
	}
	i.whyCode, i.why = code, why
	i.generation++
	i.enter(ShuttingDown)
	i.fleet.cloud.after(i.fleet.cloud.opts.StopFor, i.end)
}

// end is the moment of termination: volumes go, and an hour later the memory of the instance.
func (i *instance) end() {
	for _, d := range i.disks {
		if v := i.fleet.volumes[d.volume]; v != nil {
			v.release(d.delete)
		}
	}
	i.disks = nil
	i.fleet.cloud.tell(Change{Kind: Ended, Instance: i.id})
	i.privateIP, i.publicIP = "", ""
	i.enter(Terminated)
	i.fleet.cloud.after(time.Hour, func() { delete(i.fleet.instances, i.id) })
}

// stop stops the instance, which keeps its volumes.
func (i *instance) stop(code, why string) {
	i.whyCode, i.why = code, why
	i.generation++
	stopping := i.generation
	i.enter(Stopping)
	i.fleet.cloud.after(i.fleet.cloud.opts.StopFor, func() {
		if i.state == Stopping && i.generation == stopping {
			i.publicIP = ""
			i.enter(Stopped)
		}
	})
}

// healthy tells whether EC2's status checks have nothing against the instance.
func (i *instance) healthy() bool {
	return (i.state == Running || i.state == Pending) && !i.system.impaired() && !i.status.impaired()
}

// name returns the instance's private DNS name.
func (i *instance) name() string {
	if i.privateIP == "" {
		return ""
	}
	return "ip-" + strings.ReplaceAll(i.privateIP, ".", "-") + "." + i.fleet.region + ".compute.internal"
}

// sorted returns the fleet's instances from the oldest to the newest.
func (f *Fleet) sorted() []*instance {
	all := make([]*instance, 0, len(f.instances))
	for _, i := range f.instances {
		all = append(all, i)
	}
	slices.SortFunc(all, func(a, b *instance) int {
		return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.reservation, b.reservation),
			cmp.Compare(a.index, b.index), cmp.Compare(a.id, b.id))
	})
	return all
}

// find returns instances by id. Ids too new are as unknown as wrong ones.
func (f *Fleet) find(ids []string) ([]*instance, error) {
	var found []*instance
	var missing []string
	for _, id := range ids {
		if !strings.HasPrefix(id, "i-") {
			return nil, refuse("InvalidInstanceID.Malformed", "Invalid id: \"%s\"", id)
		}
		if i := f.instances[id]; i != nil && !f.fresh(i.created) {
			found = append(found, i)
		} else {
			missing = append(missing, id)
		}
	}
	if len(missing) == 1 {
		return nil, refuse("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", missing[0])
	}
	if len(missing) > 1 {
		return nil, refuse("InvalidInstanceID.NotFound", "The instance IDs '%s' do not exist", strings.Join(missing, ", "))
	}
	return found, nil
}

// pick returns the instances a request names, or all that can be seen.
func (k *call) pick() ([]*instance, error) {
	if ids := k.p.strs("InstanceId"); len(ids) > 0 {
		return k.fleet.find(ids)
	}
	return slices.DeleteFunc(k.fleet.sorted(), func(i *instance) bool { return k.fleet.fresh(i.created) }), nil
}
