package fleet

import "time"

// LaunchSpec is the part of a launch template that people set by hand. What is empty is not set.
type LaunchSpec struct {
	Image          ImageID           `json:"image,omitempty"`
	Type           string            `json:"type,omitempty"`
	Key            string            `json:"key,omitempty"`
	SecurityGroups []string          `json:"security_groups,omitempty"` // ids
	Subnet         string            `json:"subnet,omitempty"`
	Profile        string            `json:"profile,omitempty"`   // instance profile, by name or ARN
	UserData       *string           `json:"user_data,omitempty"` // as it is, not encoded; nil: not set
	Tags           map[string]string `json:"tags,omitempty"`      // of instances and volumes
}

// TemplateOrder is what a new launch template is made from: the spec alone, or a live server with the spec over it.
type TemplateOrder struct {
	Name        string            `json:"name"`
	From        InstanceID        `json:"from,omitempty"` // copies what this instance was launched with
	Spec        LaunchSpec        `json:"spec"`
	Description string            `json:"description,omitempty"` // of version 1
	Tags        map[string]string `json:"tags,omitempty"`        // of the template
	Token       string            `json:"token"`
}

// GroupOrder is what a new Auto Scaling group is made from. AWS takes no client token for it; the name is what tells a
// group that was made already.
type GroupOrder struct {
	Name         GroupName         `json:"name"`
	Template     TemplateRef       `json:"template"` // numeric
	Min          int               `json:"min"`
	Max          int               `json:"max"`
	Desired      int               `json:"desired"`
	Subnets      []string          `json:"subnets"`
	TargetGroups []string          `json:"target_groups,omitempty"` // ARNs
	HealthCheck  string            `json:"health_check,omitempty"`  // EC2 or ELB
	Grace        time.Duration     `json:"grace"`
	Warmup       time.Duration     `json:"warmup"`
	Tags         map[string]string `json:"tags,omitempty"` // passed on to instances
}

// GroupChange is what a group is changed to. Nil leaves a number as it is; numbers are absolute.
type GroupChange struct {
	Group    GroupName    `json:"group"`
	Min      *int         `json:"min,omitempty"`
	Max      *int         `json:"max,omitempty"`
	Desired  *int         `json:"desired,omitempty"`
	Template *TemplateRef `json:"template,omitempty"` // numeric; for new launches only
}

// LaunchOrder is one instance that is launched from a template outside of any group.
type LaunchOrder struct {
	Template TemplateRef       `json:"template"`        // numeric
	Image    ImageID           `json:"image,omitempty"` // in place of the template's
	Subnet   string            `json:"subnet,omitempty"`
	Tags     map[string]string `json:"tags,omitempty"`
	Token    string            `json:"token"`
}

// TargetGroup is a load balancer's target group.
type TargetGroup struct {
	Name string `json:"name"`
	ARN  string `json:"arn"`
	VPC  string `json:"vpc,omitempty"`
	Type string `json:"type,omitempty"` // instance, ip, …
}

// Subnet is a subnet of a VPC.
type Subnet struct {
	ID      string            `json:"id"`
	VPC     string            `json:"vpc"`
	Zone    string            `json:"zone"`
	Free    int               `json:"free"`              // addresses
	Default bool              `json:"default,omitempty"` // its zone's default one, in the default VPC
	Tags    map[string]string `json:"tags,omitempty"`
}

// SecurityGroup is a security group without its rules.
type SecurityGroup struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	VPC  string `json:"vpc,omitempty"`
}

// Rule is one rule of a security group.
type Rule struct {
	ID       string `json:"id"`    // sgr-…
	Group    string `json:"group"` // the security group's id
	Egress   bool   `json:"egress,omitempty"`
	Protocol string `json:"protocol"` // tcp, udp, icmp, -1 for all
	From     int    `json:"from"`
	To       int    `json:"to"`
	Peer     string `json:"peer"` // a CIDR, a prefix list or a security group
	Text     string `json:"text,omitempty"`
}

// Node is an instance as Systems Manager knows it.
type Node struct {
	Instance InstanceID `json:"instance"`
	Ping     string     `json:"ping"` // Online, ConnectionLost, Inactive
	Platform string     `json:"platform,omitempty"`
	System   string     `json:"system,omitempty"` // name and version
	Seen     time.Time  `json:"seen,omitzero"`
}

// Script is shell commands to run on instances through Systems Manager. AWS takes no client token for it; the comment
// is what tells a script that was sent already.
type Script struct {
	Instances []InstanceID  `json:"instances"`
	Commands  []string      `json:"commands"`
	Comment   string        `json:"comment"`           // at most 100 characters; unique for each sending that is meant
	Timeout   time.Duration `json:"timeout,omitempty"` // of the script's run; an hour if zero
}

// Output is what a script did on one instance.
type Output struct {
	Instance InstanceID `json:"instance"`
	Status   string     `json:"status"`           // as AWS spells it: Pending, InProgress, Success, Failed, TimedOut, …
	Detail   string     `json:"detail,omitempty"` // finer: Undeliverable, ExecutionTimedOut, …
	Exit     int        `json:"exit"`
	Stdout   string     `json:"stdout,omitempty"` // its first 24,000 characters
	Stderr   string     `json:"stderr,omitempty"` // its first 8,000
}

// Over reports whether the script has come to its end there, whichever.
func (o Output) Over() bool {
	switch o.Status {
	case "Success", "Cancelled", "TimedOut", "Failed":
		return true
	}
	return false
}

// Parameter is a Systems Manager parameter.
type Parameter struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Version int64  `json:"version"`
}
