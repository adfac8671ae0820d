// Package fleet is the vocabulary of the machines: images, templates, groups, instances and the
// refreshes that replace them. It holds pure values; it knows neither the SDK nor what is done with them.
package fleet

import (
	"strings"
	"time"
)

// Ids are types, so that one cannot be taken for another.
type (
	// ImageID is an AMI's id, or a `resolve:ssm:` reference where a template holds one.
	ImageID string
	// TemplateID is a launch template's id.
	TemplateID string
	// GroupName is an Auto Scaling group's name.
	GroupName string
	// InstanceID is an EC2 instance's id.
	InstanceID string
	// RefreshID is an instance refresh's id.
	RefreshID string
)

// IsParameter reports whether the id is a Systems Manager reference rather than an AMI's id.
// A group whose template holds one cannot be rolled back by EC2 Auto Scaling.
func (id ImageID) IsParameter() bool { return strings.HasPrefix(string(id), "resolve:ssm:") }

// Image is an AMI.
type Image struct {
	ID           ImageID           `json:"id"`
	Name         string            `json:"name,omitempty"`
	State        string            `json:"state,omitempty"` // pending, available, failed, deregistered, disabled, …
	StateReason  string            `json:"state_reason,omitempty"`
	Architecture string            `json:"architecture,omitempty"` // x86_64, arm64, …
	Created      time.Time         `json:"created,omitzero"`
	Deprecated   time.Time         `json:"deprecated,omitzero"` // zero: never
	Owner        string            `json:"owner,omitempty"`     // account id
	Volumes      int               `json:"volumes,omitempty"`   // EBS volumes it launches with
	Tags         map[string]string `json:"tags,omitempty"`

	Description    string     `json:"description,omitempty"`
	SourceImage    ImageID    `json:"source_image,omitempty"`    // what it was copied from, or its source instance ran
	SourceInstance InstanceID `json:"source_instance,omitempty"` // what CreateImage made it from
	LastLaunched   time.Time  `json:"last_launched,omitzero"`    // by AWS's count, which lags by a day; zero: never, or not known
	Platform       string     `json:"platform,omitempty"`        // "Linux/UNIX", "Windows", …
	BootMode       string     `json:"boot_mode,omitempty"`
	Products       []string   `json:"products,omitempty"`   // product codes, of which an image has some when its software is paid for
	Protection     string     `json:"protection,omitempty"` // deregistration protection, as AWS spells it
	Public         bool       `json:"public,omitempty"`
	Root           string     `json:"root,omitempty"`  // the root's device name
	Disks          []Disk     `json:"disks,omitempty"` // of its block device mapping, EBS only
}

// TemplateRef names a launch template at a version. Version is a number, "$Latest", "$Default", or
// empty, which AWS reads as "$Default".
type TemplateRef struct {
	ID      TemplateID `json:"id,omitempty"`
	Name    string     `json:"name,omitempty"`
	Version string     `json:"version,omitempty"`
}

// Numeric reports whether the version is a number. Only then can a refresh be rolled back.
func (r TemplateRef) Numeric() bool {
	return r.Version != "" && strings.Trim(r.Version, "0123456789") == ""
}

// Template is a launch template without its versions.
type Template struct {
	ID      TemplateID        `json:"id"`
	Name    string            `json:"name"`
	Default int64             `json:"default"`
	Latest  int64             `json:"latest"`
	Tags    map[string]string `json:"tags,omitempty"`
}

// TemplateVersion is one version of a launch template.
type TemplateVersion struct {
	Template     TemplateID `json:"template"`
	Name         string     `json:"name"`
	Number       int64      `json:"number"`
	Default      bool       `json:"default,omitempty"`
	Description  string     `json:"description,omitempty"`
	Created      time.Time  `json:"created,omitzero"`
	Image        ImageID    `json:"image,omitempty"`
	InstanceType string     `json:"instance_type,omitempty"`
	// Fields holds every field of the version by its AWS name in dotted form ("KeyName",
	// "IamInstanceProfile.Name", "BlockDeviceMappings.0.Ebs.VolumeSize"), tags under their keys
	// ("TagSpecifications.instance.Tags.Name"), user data as a short digest. The order of names and of
	// block devices does not matter.
	// Comparing two versions is comparing these maps.
	Fields map[string]string `json:"fields,omitempty"`
}

// Described finds the version with a description among others. An operation's versions are told from everybody else's
// by what they say of themselves: versions cannot be tagged.
func Described(versions []TemplateVersion, description string) (TemplateVersion, bool) {
	for _, v := range versions {
		if v.Description == description {
			return v, true
		}
	}
	return TemplateVersion{}, false
}

// NewVersion is what a new version of a template is made from: a reviewed version in which some fields change, and
// nothing else.
type NewVersion struct {
	Template    TemplateID `json:"template"`
	Source      int64      `json:"source"` // the number that was reviewed, never "$Latest"
	Image       ImageID    `json:"image,omitempty"`
	Change      LaunchSpec `json:"change,omitzero"`       // besides the image
	Description string     `json:"description,omitempty"` // at most 255 characters
	Token       string     `json:"token"`                 // client token: making it twice with one token makes one version
}

// Group is an Auto Scaling group.
type Group struct {
	Name         GroupName         `json:"name"`
	ARN          string            `json:"arn,omitempty"`
	Min          int               `json:"min"`
	Max          int               `json:"max"`
	Desired      int               `json:"desired"`
	Template     TemplateRef       `json:"template,omitzero"` // zero when the group has a mixed instances policy or a launch configuration
	Mixed        *Mixed            `json:"mixed,omitempty"`
	Instances    []Member          `json:"instances,omitempty"`
	Suspended    []string          `json:"suspended,omitempty"` // names of suspended processes
	Tags         map[string]string `json:"tags,omitempty"`
	TargetGroups []string          `json:"target_groups,omitempty"` // ARNs
	Subnets      []string          `json:"subnets,omitempty"`       // that it launches into
	HealthCheck  string            `json:"health_check,omitempty"`
	Grace        time.Duration     `json:"grace,omitempty"`       // health check grace period
	Warmup       *time.Duration    `json:"warmup,omitempty"`      // default instance warmup; nil when none is set
	MinHealthy   *int              `json:"min_healthy,omitempty"` // instance maintenance policy, percent
	MaxHealthy   *int              `json:"max_healthy,omitempty"`
	Operator     string            `json:"operator,omitempty"` // the AWS service that manages it, if one does
	Policies     []string          `json:"policies,omitempty"` // by which it chooses what goes when it scales in, the first counting most
}

// Mixed is what a group's mixed instances policy says, as far as people need to see it. The policy
// itself stays with the cloud adapter, which sends it back whole.
type Mixed struct {
	Template  TemplateRef       `json:"template"`
	Types     []string          `json:"types,omitempty"`
	Images    []ImageID         `json:"images,omitempty"`    // of overrides that set one
	Templates []TemplateRef     `json:"templates,omitempty"` // of overrides that set one
	Summary   map[string]string `json:"summary,omitempty"`   // on-demand base, spot strategy, …
}

// Ref is the template the group launches from, whichever way it names it.
func (g Group) Ref() TemplateRef {
	if g.Mixed != nil {
		return g.Mixed.Template
	}
	return g.Template
}

// Member is an instance as its group sees it.
type Member struct {
	ID        InstanceID  `json:"id"`
	Type      string      `json:"type,omitempty"`
	Zone      string      `json:"zone,omitempty"`
	Lifecycle string      `json:"lifecycle,omitempty"` // InService, Pending, Standby, …
	Health    string      `json:"health,omitempty"`    // Healthy or Unhealthy
	Template  TemplateRef `json:"template,omitzero"`   // with the number it was launched from
	Protected bool        `json:"protected,omitempty"` // from scale in
}

// Instance is a machine as EC2 sees it.
type Instance struct {
	ID           InstanceID        `json:"id"`
	Name         string            `json:"name,omitempty"`
	Image        ImageID           `json:"image,omitempty"`
	Type         string            `json:"type,omitempty"`
	Architecture string            `json:"architecture,omitempty"`
	State        string            `json:"state,omitempty"`
	Zone         string            `json:"zone,omitempty"`
	Launched     time.Time         `json:"launched,omitzero"`
	Volumes      []string          `json:"volumes,omitempty"` // devices of the EBS volumes besides the root that are deleted with it
	Tags         map[string]string `json:"tags,omitempty"`

	Group          GroupName `json:"group,omitempty"` // the Auto Scaling group it belongs to
	Key            string    `json:"key,omitempty"`
	Profile        string    `json:"profile,omitempty"` // of its instance profile: the name
	Subnet         string    `json:"subnet,omitempty"`
	VPC            string    `json:"vpc,omitempty"`
	SecurityGroups []string  `json:"security_groups,omitempty"` // ids
	PrivateIP      string    `json:"private_ip,omitempty"`
	PublicIP       string    `json:"public_ip,omitempty"`
	Platform       string    `json:"platform,omitempty"` // "Linux/UNIX", "Windows", …
	StateReason    string    `json:"state_reason,omitempty"`
	Root           string    `json:"root,omitempty"`  // the root's device name
	Disks          []Disk    `json:"disks,omitempty"` // EBS volumes that are attached
	Account        string    `json:"account,omitempty"`
}

// Refresh is an instance refresh.
type Refresh struct {
	ID       RefreshID   `json:"id"`
	Group    GroupName   `json:"group"`
	Status   string      `json:"status"` // as AWS spells it: Pending, InProgress, Baking, Successful, …
	Reason   string      `json:"reason,omitempty"`
	Percent  int         `json:"percent"`
	ToUpdate int         `json:"to_update"`
	Started  time.Time   `json:"started,omitzero"`
	Ended    time.Time   `json:"ended,omitzero"`
	Desired  TemplateRef `json:"desired,omitzero"`   // what it was asked to bring, wherever that stood
	Strategy string      `json:"strategy,omitempty"` // Rolling or ReplaceRootVolume
	// Rollback tells why and when a rollback began; empty while there is none.
	RollbackReason  string    `json:"rollback_reason,omitempty"`
	RollbackStarted time.Time `json:"rollback_started,omitzero"`
}

// Over reports whether the refresh has come to its end, whichever.
func (r Refresh) Over() bool {
	switch r.Status {
	case "Successful", "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed":
		return true
	}
	return false
}

// RefreshOrder is what a refresh is asked to do. Numbers are sent as they are, so that no default of
// the API or of the console decides anything.
type RefreshOrder struct {
	Group           GroupName      `json:"group"`
	Template        TemplateRef    `json:"template"`              // numeric
	MinHealthy      int            `json:"min_healthy"`           // percent
	MaxHealthy      int            `json:"max_healthy"`           // percent, 100 to 200
	Warmup          *time.Duration `json:"warmup,omitempty"`      // nil: the group's own
	Checkpoints     []int          `json:"checkpoints,omitempty"` // percent, ascending
	CheckpointDelay time.Duration  `json:"checkpoint_delay,omitempty"`
	Bake            time.Duration  `json:"bake,omitempty"`
	Alarms          []string       `json:"alarms,omitempty"` // CloudWatch alarm names
	AutoRollback    bool           `json:"auto_rollback"`
	SkipMatching    bool           `json:"skip_matching"`
	Standby         string         `json:"standby,omitempty"`   // Terminate, Ignore or Wait; empty: Ignore
	Protected       string         `json:"protected,omitempty"` // Refresh, Ignore or Wait; empty: Ignore
	Strategy        string         `json:"strategy,omitempty"`  // Rolling or ReplaceRootVolume; empty: Rolling
	Image           ImageID        `json:"image,omitempty"`     // that every override of a mixed instances policy is to name; empty: they stay as they are
}

// Activity is one scaling activity of a group.
type Activity struct {
	ID          string    `json:"id"`
	Status      string    `json:"status"` // as AWS spells it
	Description string    `json:"description,omitempty"`
	Cause       string    `json:"cause,omitempty"`
	Message     string    `json:"message,omitempty"` // AWS's own words on a failure
	Started     time.Time `json:"started,omitzero"`
	Ended       time.Time `json:"ended,omitzero"`
	Percent     int       `json:"percent,omitempty"`
	Zone        string    `json:"zone,omitempty"`
	Subnet      string    `json:"subnet,omitempty"`
}

// Target is one instance's health in a target group.
type Target struct {
	Instance InstanceID `json:"instance"`
	State    string     `json:"state"` // healthy, unhealthy, initial, draining, …
	Reason   string     `json:"reason,omitempty"`
	Text     string     `json:"text,omitempty"` // AWS's own description
}

// Alarm is a CloudWatch alarm's state.
type Alarm struct {
	Name  string `json:"name"`
	State string `json:"state"` // OK, ALARM, INSUFFICIENT_DATA
}

// Difference is one field in which two template versions differ.
type Difference struct {
	Field string `json:"field"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

// Place takes account and region from the group's ARN,
// arn:aws:autoscaling:<region>:<account>:autoScalingGroup:…
func (g Group) Place() (account, region string) {
	parts := strings.SplitN(g.ARN, ":", 6)
	if len(parts) < 6 {
		return "", ""
	}
	return parts[4], parts[3]
}
