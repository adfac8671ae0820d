package cloud

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// targetGroupsPerCall is how many ARNs DescribeTargetGroups is asked for at once.
const targetGroupsPerCall = 20

// OpenAlarms returns the alarms in ALARM whose metric has the group, one of its instances or target groups,
// or the load balancer before them among its dimensions. All that ring in the region are read, in one call
// for each hundred; the load balancers only when one of them is rung for. Composite alarms have no metric:
// those that they are made of ring themselves.
func (c *Client) OpenAlarms(ctx context.Context, g fleet.Group) ([]fleet.Alarm, error) {
	ringing, err := c.ringing(ctx)
	if err != nil {
		return nil, err
	}
	own := ownDimensions(g)
	if len(g.TargetGroups) > 0 && slices.ContainsFunc(ringing, ofBalancer) {
		if err := c.addBalancers(ctx, own, g.TargetGroups); err != nil {
			return nil, err
		}
	}
	var open []fleet.Alarm
	for _, a := range ringing {
		if slices.ContainsFunc(metrics(a), func(of []cw.Dimension) bool { return ofOwn(of, own) }) {
			open = append(open, fleet.Alarm{Name: aws.ToString(a.AlarmName), State: string(a.StateValue)})
		}
	}
	return open, nil
}

// ringing reads the metric alarms that are in ALARM.
func (c *Client) ringing(ctx context.Context) ([]cw.MetricAlarm, error) {
	in := &cloudwatch.DescribeAlarmsInput{
		StateValue: cw.StateValueAlarm,
		AlarmTypes: []cw.AlarmType{cw.AlarmTypeMetricAlarm},
		MaxRecords: aws.Int32(alarmsPage),
	}
	var all []cw.MetricAlarm
	for page, err := range pages(ctx, cloudwatch.NewDescribeAlarmsPaginator(c.alarms, in)) {
		if err != nil {
			return nil, err
		}
		all = append(all, page.MetricAlarms...)
	}
	return all, nil
}

// pair is a dimension as it can be looked up.
type pair struct{ name, value string }

func dimension(d cw.Dimension) pair { return pair{aws.ToString(d.Name), aws.ToString(d.Value)} }

// ownDimensions are the dimensions by which metrics name the group itself.
func ownDimensions(g fleet.Group) map[pair]bool {
	own := map[pair]bool{{"AutoScalingGroupName", string(g.Name)}: true}
	for _, m := range g.Instances {
		own[pair{"InstanceId", string(m.ID)}] = true
	}
	for _, arn := range g.TargetGroups {
		own[pair{"TargetGroup", resource(arn)}] = true
	}
	return own
}

// addBalancers adds the load balancers that send to the target groups.
func (c *Client) addBalancers(ctx context.Context, own map[pair]bool, targetGroups []string) error {
	for some := range slices.Chunk(targetGroups, targetGroupsPerCall) {
		out, err := c.balancer.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: some})
		if err != nil {
			return failure(err)
		}
		for _, t := range out.TargetGroups {
			for _, arn := range t.LoadBalancerArns {
				own[pair{"LoadBalancer", strings.TrimPrefix(resource(arn), "loadbalancer/")}] = true
			}
		}
	}
	return nil
}

// resource is what stands after the account in an ARN; that is how metrics name target groups.
func resource(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	return parts[len(parts)-1]
}

// ofOwn reports whether a metric is the group's. The metric of a target group behind the same load balancer
// that is not the group's own is somebody else's.
func ofOwn(metric []cw.Dimension, own map[pair]bool) bool {
	stranger := slices.ContainsFunc(metric, func(d cw.Dimension) bool {
		return aws.ToString(d.Name) == "TargetGroup" && !own[dimension(d)]
	})
	return !stranger && slices.ContainsFunc(metric, func(d cw.Dimension) bool { return own[dimension(d)] })
}

func ofBalancer(a cw.MetricAlarm) bool {
	return slices.ContainsFunc(metrics(a), func(of []cw.Dimension) bool {
		return slices.ContainsFunc(of, func(d cw.Dimension) bool { return aws.ToString(d.Name) == "LoadBalancer" })
	})
}

// metrics are the dimensions of the alarm's metric, or of all the metrics that it computes with.
func metrics(a cw.MetricAlarm) [][]cw.Dimension {
	all := [][]cw.Dimension{a.Dimensions}
	for _, m := range a.Metrics {
		if m.MetricStat != nil && m.MetricStat.Metric != nil {
			all = append(all, m.MetricStat.Metric.Dimensions)
		}
	}
	return all
}
