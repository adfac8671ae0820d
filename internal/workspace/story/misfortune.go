package story

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// misfortunes are what may go wrong with AWS, by name: each once, or until it is healed.
var misfortunes = map[string]string{
	"no-capacity":       `{"kind":"capacity"}`,
	"launches-fail":     `{"kind":"launch"}`,
	"vcpu-quota":        `{"kind":"launch","code":"VcpuLimitExceeded","message":"You have requested more vCPU capacity than your current vCPU limit of 32 allows."}`,
	"template-quota":    `{"kind":"error","action":"ec2:CreateLaunchTemplate","code":"LaunchTemplateLimitExceeded","message":"You have reached the limit of 5000 launch templates.","times":1}`,
	"group-quota":       `{"kind":"error","action":"autoscaling:CreateAutoScalingGroup","code":"LimitExceeded","message":"You have reached the limit of 500 Auto Scaling groups.","times":1}`,
	"key-refused":       `{"kind":"key_refused","times":1}`,
	"image-fails":       `{"kind":"image_failed","times":1}`,
	"image-stuck":       `{"kind":"image_stuck","times":1}`,
	"image-reply-lost":  `{"kind":"lost_reply","action":"ec2:CreateImage","times":1}`,
	"group-reply-lost":  `{"kind":"lost_reply","action":"autoscaling:CreateAutoScalingGroup","times":1}`,
	"snapshots-limited": `{"kind":"error","action":"ec2:CreateImage","code":"SnapshotCreationPerVolumeRateExceeded","message":"The maximum per volume CreateSnapshot request rate has been exceeded.","times":1}`,
	"throttled":         `{"kind":"throttle","times":5}`,
}

// misfortune is an order for AWS by its name; no-capacity may be followed by a zone.
func misfortune(words string) (string, error) {
	name, zone, _ := strings.Cut(words, " ")
	order, known := misfortunes[name]
	if !known {
		return "", fmt.Errorf("aws may suffer %s, not %q", strings.Join(slices.Sorted(maps.Keys(misfortunes)), ", "), name)
	}
	if zone != "" {
		order = strings.TrimSuffix(order, "}") + `,"zone":"` + zone + `"}`
	}
	return order, nil
}
