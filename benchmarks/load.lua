-- Each request asks for a file of its own; each answer must be a redirect to a file that this
-- thread asked for, and that no other answer led to: so nobody gets what is somebody else's.
local threads = {}

function setup(thread)
  thread:set("id", #threads)
  table.insert(threads, thread)
end

function init(args)
  asked, answered, wrong, mixed_up = 0, 0, 0, 0
  given = {}
  prefix = args[1]
end

function request()
  asked = asked + 1
  return wrk.format("GET", prefix .. "file-" .. id .. "-" .. asked .. ".txt")
end

function response(status, headers, body)
  answered = answered + 1
  local location = headers["Location"] or headers["location"] or ""
  local thread, number = location:match("^https://media%.example%.com/file%-(%d+)%-(%d+)%.txt%?")
  if status ~= 303 or not number or not location:find("Signature=", 1, true) then
    wrong = wrong + 1
  elseif tonumber(thread) ~= id or tonumber(number) > asked or given[number] then
    mixed_up = mixed_up + 1
  else
    given[number] = true
  end
end

function done(summary, latency, requests)
  local sum = {answered = 0, wrong = 0, mixed_up = 0}
  for _, thread in ipairs(threads) do
    for name in pairs(sum) do
      sum[name] = sum[name] + thread:get(name)
    end
  end
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"seconds": %f, "answered": %d, "wrong": %d, "mixed_up": %d, '
      .. '"socket_errors": %d, "p99_ms": %f}\n',
    summary.duration / 1e6, sum.answered, sum.wrong, sum.mixed_up,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(99) / 1000
  ))
end
