package awssim

import (
	"cmp"
	"maps"
	"slices"
)

// runInstances starts machines from a template, from the request, or from both, the request winning.
func runInstances(k *call) ([]elem, error) {
	least, most := k.num(0, "MinCount"), k.num(0, "MaxCount")
	if k.bad == nil && (least < 1 || most < least) {
		return nil, refuse("InvalidParameterValue", "MinCount must be at least 1 and MaxCount at least MinCount.")
	}
	return k.once(func() (func() []elem, error) {
		data, origin, err := k.launchData()
		if err != nil {
			return nil, err
		}
		kind := cmp.Or(data.str("InstanceType"), "m1.small")
		img, err := k.fleet.fit(data, kind)
		if err != nil {
			return nil, err
		}
		if limit := k.cloud.opts.InstanceLimit; k.fleet.running()+most > limit {
			return nil, refuse("InstanceLimitExceeded", "You have requested more instances (%d) than your current instance limit of %d allows.", most, limit)
		}
		if err := k.ready(); err != nil {
			return nil, err
		}
		subnet, err := k.runnable(data, kind)
		if err != nil {
			return nil, err
		}
		started := k.startMany(img, data, launch{kind: kind, subnet: subnet, tags: origin}, most)
		return func() []elem { return k.fleet.reservation(started[0].reservation, started) }, nil
	})
}

// launchData merges the template a request names with the request itself. origin holds the tags EC2 adds.
func (k *call) launchData() (data *params, origin tags, err error) {
	own := k.p.clone()
	origin = tags{}
	for _, name := range []string{"Action", "Version", "LaunchTemplate", "MinCount", "MaxCount", "ClientToken", "DryRun"} {
		delete(own.kids, name)
	}
	if !k.p.has("LaunchTemplate") {
		return own, origin, nil
	}
	spec := readTemplateSpec(k.p.at("LaunchTemplate"))
	t, v, err := k.fleet.version(spec)
	if err != nil {
		return nil, nil, err
	}
	origin["aws:ec2launchtemplate:id"] = t.id
	origin["aws:ec2launchtemplate:version"] = v.text()
	return overlay(v.data, own), origin, nil
}

// overlay lays one tree over another; what both have at the top level is taken from the upper.
func overlay(lower, upper *params) *params {
	merged := lower.clone()
	for name, kid := range upper.kids {
		*merged.kid(name) = *kid.clone()
	}
	return merged
}

// runnable is the subnet to start in: the one that is asked for, or one of a zone that has capacity.
func (k *call) runnable(data *params, kind string) (string, error) {
	asked := cmp.Or(data.str("SubnetId"), data.str("NetworkInterface", "1", "SubnetId"))
	if zone := data.str("Placement", "AvailabilityZone"); asked == "" && zone != "" {
		asked = k.fleet.subnetIn(zone)
	}
	if asked == "" {
		letters := []string{"a", "b", "c"}
		at := max(slices.IndexFunc(letters, func(letter string) bool { return !k.fleet.barrenOf(kind, k.fleet.region+letter) }), 0)
		asked = k.fleet.subnetIn(k.fleet.region + letters[at])
	}
	if short := k.fleet.shortage(kind, k.fleet.zoneOf(asked)); short != nil {
		return "", short
	}
	return asked, nil
}

func (k *call) startMany(img *image, data *params, like launch, count int) []*instance {
	labels := maps.Clone(like.tags)
	maps.Copy(labels, tagsFrom(data, "instance"))
	like.data, like.token, like.operator, like.group = data, k.p.str("ClientToken"), k.p.str("Operator", "Principal"), k.cloud.id("r")
	if data.str("InstanceMarketOptions", "MarketType") == "spot" {
		like.market = "spot"
	}
	started := make([]*instance, 0, count)
	for n := range count {
		like.tags, like.index = maps.Clone(labels), n
		started = append(started, k.fleet.start(img, like))
	}
	return started
}
