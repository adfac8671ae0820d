package awssim

import (
	"net/http"
	"strings"
	"time"
)

// bucket holds tokens that come back with real time, since it is real clients that must slow down.
type bucket struct {
	tokens, burst, rate float64
	at                  time.Time
}

// take removes n tokens, if they are there.
func (b *bucket) take(n float64, now time.Time) bool {
	b.tokens = min(b.burst, b.tokens+now.Sub(b.at).Seconds()*b.rate)
	b.at = now
	if b.tokens < n {
		return false
	}
	b.tokens -= n
	return true
}

// size is how many requests may come at once, and how many a second after that.
type size struct{ burst, rate float64 }

// ownBuckets are the EC2 actions with numbers of their own.
var ownBuckets = map[string]size{
	"CopyImage":                   {100, 1},
	"CreateLaunchTemplateVersion": {100, 5},
	"ModifyLaunchTemplate":        {100, 5},
	"CreateSnapshot":              {100, 5},
	"CreateSnapshots":             {100, 5},
	"CreateVolume":                {100, 5},
	"CreateTags":                  {100, 10},
	"DeregisterImage":             {100, 5},
	"ModifyImageAttribute":        {100, 5},
	"DeleteSnapshot":              {100, 5},
}

// costlyReads are cheap only when filtered or paginated.
var costlyReads = map[string]bool{
	"DescribeInstances": true, "DescribeInstanceStatus": true, "DescribeSnapshots": true, "DescribeVolumes": true,
}

// resourceBuckets count instances rather than requests.
var resourceBuckets = map[string]size{
	"RunInstances":       {1000, 2},
	"TerminateInstances": {1000, 20},
	"StartInstances":     {1000, 2},
	"StopInstances":      {1000, 20},
}

// throttle takes the tokens a request costs, or refuses it in the service's own words.
func (c *Cloud) throttle(k *call) error {
	if c.opts.NoThrottle {
		return nil
	}
	name, limit := c.limit(k)
	if !c.bucket(k, name, limit).take(1, time.Now()) {
		return throttled(k.service)
	}
	if limit, ok := resourceBuckets[k.action]; ok && k.service == ec2Service {
		n := max(len(k.p.list("InstanceId")), k.num(1, "MinCount"))
		if !c.bucket(k, k.action+" resources", limit).take(float64(n), time.Now()) {
			return throttled(k.service)
		}
	}
	return nil
}

// limit names the bucket of a request and its size.
func (c *Cloud) limit(k *call) (string, size) {
	if k.service == scalingService {
		return "all", size{c.opts.ScalingBurst, c.opts.ScalingRate}
	}
	if k.service != ec2Service {
		return k.action, size{100, 20}
	}
	own, ok := ownBuckets[k.action]
	whole := !k.p.has("MaxResults") && !k.p.has("Filter") && !k.p.has("InstanceId") &&
		!k.p.has("SnapshotId") && !k.p.has("VolumeId")
	switch {
	case ok:
		return k.action, own
	case costlyReads[k.action] && whole:
		return k.action + " whole", size{50, 10}
	case strings.HasPrefix(k.action, "Describe"), strings.HasPrefix(k.action, "Get"):
		return k.action, size{100, 20}
	}
	return k.action, size{50, 5}
}

func (c *Cloud) bucket(k *call, name string, limit size) *bucket {
	key := strings.Join([]string{k.fleet.account, k.fleet.region, string(k.service), name}, "/")
	b := c.buckets[key]
	if b == nil {
		b = &bucket{tokens: limit.burst, burst: limit.burst, rate: limit.rate, at: time.Now()}
		c.buckets[key] = b
	}
	return b
}

func throttled(service serviceName) error {
	if service == ec2Service {
		return &apiError{status: http.StatusServiceUnavailable, code: "RequestLimitExceeded", message: "Request limit exceeded."}
	}
	if service == ssmService {
		return refuse("ThrottlingException", "Rate exceeded")
	}
	return refuse("Throttling", "Rate exceeded")
}
