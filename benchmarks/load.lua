-- Each request is for another file. Each response must redirect to a file that this thread requested
-- and that no other response led to, so no client gets the URL of another client.
local threads = {}

function setup(thread)
  thread:set("id", #threads)
  table.insert(threads, thread)
end

function init(args)
  requested, responses, wrong, mixed_up = 0, 0, 0, 0
  redirected = {}
  prefix = args[1]
end

function request()
  requested = requested + 1
  return wrk.format("GET", prefix .. "file-" .. id .. "-" .. requested .. ".txt")
end

function response(status, headers, body)
  responses = responses + 1
  local location = headers["Location"] or headers["location"] or ""
  local thread, number = location:match("^https://media%.example%.com/file%-(%d+)%-(%d+)%.txt%?")
  if status ~= 303 or not number or not location:find("Signature=", 1, true) then
    wrong = wrong + 1
  elseif tonumber(thread) ~= id or tonumber(number) > requested or redirected[number] then
    mixed_up = mixed_up + 1
  else
    redirected[number] = true
  end
end

function done(summary, latency, requests)
  local sum = {responses = 0, wrong = 0, mixed_up = 0}
  for _, thread in ipairs(threads) do
    for name in pairs(sum) do
      sum[name] = sum[name] + thread:get(name)
    end
  end
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"seconds": %f, "responses": %d, "wrong": %d, "mixed_up": %d, '
      .. '"socket_errors": %d, "p99_ms": %f}\n',
    summary.duration / 1e6, sum.responses, sum.wrong, sum.mixed_up,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(99) / 1000
  ))
end
