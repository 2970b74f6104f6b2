-- The part of load.py that runs inside wrk: builds each request, and tells the figures as JSON, which wrk's own report is not.
local plan, sent, base

function init(arguments)
   plan, sent, base = dofile(arguments[1]), 0, wrk.path == "/" and "" or wrk.path
   run = string.format("%d-%s-", os.time(), tostring(plan):sub(8))
   for name, value in pairs(plan.headers) do wrk.headers[name] = value end
end

function request()
   sent = sent + 1
   if plan.unique ~= "" then wrk.headers[plan.unique] = run .. sent end
   local path = base .. plan.paths[(sent - 1) % #plan.paths + 1]
   return wrk.format(plan.method, path == "" and "/" or path, nil, plan.body ~= "" and plan.body or nil)
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format('{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "failed": %d}\n', summary.requests, summary.duration / 1e6,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
