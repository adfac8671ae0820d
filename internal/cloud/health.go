package cloud

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// alarmsPage is how many names DescribeAlarms takes, and how many alarms it returns.
const alarmsPage = 100

// TargetHealth returns how the load balancer sees each target of a target group.
func (c *Client) TargetHealth(ctx context.Context, targetGroupARN string) ([]fleet.Target, error) {
	out, err := c.balancer.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{
		TargetGroupArn: aws.String(targetGroupARN),
	})
	if err != nil {
		return nil, failure(err)
	}
	var targets []fleet.Target
	for _, d := range out.TargetHealthDescriptions {
		var target fleet.Target
		if d.Target != nil {
			target.Instance = fleet.InstanceID(aws.ToString(d.Target.Id))
		}
		if h := d.TargetHealth; h != nil {
			target.State, target.Reason, target.Text = string(h.State), string(h.Reason), aws.ToString(h.Description)
		}
		targets = append(targets, target)
	}
	return targets, nil
}

// Alarms returns those of the alarms that exist, of every type; CloudWatch by itself would return
// metric alarms only.
func (c *Client) Alarms(ctx context.Context, names ...string) ([]fleet.Alarm, error) {
	var alarms []fleet.Alarm
	for some := range slices.Chunk(names, alarmsPage) {
		in := &cloudwatch.DescribeAlarmsInput{
			AlarmNames: some,
			AlarmTypes: []cw.AlarmType{cw.AlarmTypeMetricAlarm, cw.AlarmTypeCompositeAlarm, cw.AlarmTypeLogAlarm},
			MaxRecords: aws.Int32(alarmsPage),
		}
		for page, err := range pages(ctx, cloudwatch.NewDescribeAlarmsPaginator(c.alarms, in)) {
			if err != nil {
				return nil, err
			}
			alarms = append(alarms, alarmsOf(page)...)
		}
	}
	return alarms, nil
}

func alarmsOf(page *cloudwatch.DescribeAlarmsOutput) []fleet.Alarm {
	var alarms []fleet.Alarm
	add := func(name *string, state cw.StateValue) {
		alarms = append(alarms, fleet.Alarm{Name: aws.ToString(name), State: string(state)})
	}
	for _, a := range page.MetricAlarms {
		add(a.AlarmName, a.StateValue)
	}
	for _, a := range page.CompositeAlarms {
		add(a.AlarmName, a.StateValue)
	}
	for _, a := range page.LogAlarms {
		add(a.AlarmName, a.StateValue)
	}
	return alarms
}
