package fleet

import (
	"strings"
	"time"
)

// Disk is an EBS volume of an instance, or a snapshot that an image makes one from.
type Disk struct {
	Device    string `json:"device"`
	Volume    string `json:"volume,omitempty"`   // of an instance
	Snapshot  string `json:"snapshot,omitempty"` // of an image
	Size      int    `json:"size,omitempty"`     // GiB
	Type      string `json:"type,omitempty"`     // gp3, …
	Encrypted bool   `json:"encrypted,omitempty"`
	Key       string `json:"key,omitempty"`     // KMS key, where it is known
	Deleted   bool   `json:"deleted,omitempty"` // with the instance
	Root      bool   `json:"root,omitempty"`
}

// Snapshot is an EBS snapshot: what one volume held at one moment.
type Snapshot struct {
	ID          string            `json:"id"`
	Volume      string            `json:"volume,omitempty"`
	State       string            `json:"state,omitempty"`   // pending, completed, error, recoverable, recovering
	Message     string            `json:"message,omitempty"` // AWS's own words on a failure
	Percent     int               `json:"percent"`
	Size        int               `json:"size"` // GiB of the volume
	Started     time.Time         `json:"started,omitzero"`
	Description string            `json:"description,omitempty"`
	Encrypted   bool              `json:"encrypted,omitempty"`
	Key         string            `json:"key,omitempty"`  // KMS key, where it is encrypted
	Tier        string            `json:"tier,omitempty"` // standard or archive
	Tags        map[string]string `json:"tags,omitempty"`
}

// ManagedKey reports whether a KMS key is known to be AWS's own for EBS, which nobody can grant to another account. AWS
// mostly names it by an id that does not tell.
func ManagedKey(key string) bool { return strings.HasSuffix(key, "alias/aws/ebs") }

// ImageOrder is what CreateImage is asked for. AWS takes no client token for it: the name is what tells an image that
// was made already.
type ImageOrder struct {
	Instance    InstanceID        `json:"instance"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	NoReboot    bool              `json:"no_reboot"`
	Exclude     []string          `json:"exclude,omitempty"` // devices that are left out
	Tags        map[string]string `json:"tags,omitempty"`    // of the image and of its snapshots
}

// ImageCopy is what CopyImage is asked for, in the region that the copy will be in.
type ImageCopy struct {
	Image  ImageID           `json:"image"`
	Region string            `json:"region"` // where the image is now
	Name   string            `json:"name"`
	Text   string            `json:"text,omitempty"` // description
	Key    string            `json:"key,omitempty"`  // KMS key to encrypt the copy with; empty: as the image is
	Tags   map[string]string `json:"tags,omitempty"`
	Token  string            `json:"token"`
}

// Reference is something that refers to an image, by AWS's own account of it.
type Reference struct {
	Image   ImageID `json:"image"`
	Type    string  `json:"type"` // ec2:Instance, ec2:LaunchTemplate, ssm:Parameter, …
	ARN     string  `json:"arn"`
	Version int64   `json:"version,omitempty"` // of a launch template
}

// Usage is how often another account uses an image.
type Usage struct {
	Account string `json:"account"`
	Type    string `json:"type"` // ec2:Instance or ec2:LaunchTemplate
	Count   int    `json:"count"`
}

// SnapshotFate is what became of a snapshot when its image was deregistered.
type SnapshotFate struct {
	Snapshot string `json:"snapshot"`
	Code     string `json:"code"` // success, skipped, missing-permissions, internal-error, client-error
}
