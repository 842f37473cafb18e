-- Asks with each body in turn; wrk's arguments are the path, the content type, how many connections
-- there are, and the files.
--
-- wrk adds to its latencies what it thinks that it missed while an answer took long, which moves
-- even the median. A single connection sends when it has its answer, so it is timed here instead.
local ffi = require("ffi")
ffi.cdef [[
   struct moment { long seconds, nanoseconds; };
   int clock_gettime(int clock, struct moment *now);
]]
local MONOTONIC = 1
local requests, turn = {}, 0
local moment = ffi.new("struct moment")
local thread
sent, single = {}, false -- thread:get() finds globals only

function setup(the_only_one)
   thread = the_only_one
end

function init(arguments)
   wrk.headers["Content-Type"] = arguments[2]
   single = arguments[3] == "1"
   for index = 4, #arguments do
      local file = io.open(arguments[index], "rb")
      requests[#requests + 1] = wrk.format("POST", arguments[1], nil, file:read("*a"))
      file:close()
   end
end

function request()
   turn = turn + 1
   if single then
      ffi.C.clock_gettime(MONOTONIC, moment)
      sent[turn] = tonumber(moment.seconds) * 1e3 + tonumber(moment.nanoseconds) / 1e6
   end
   return requests[(turn - 1) % #requests + 1]
end

local function between(times)
   local taken = {}
   for index = 3, #times do -- wrk itself asks for the first one, and does not send it
      taken[index - 2] = times[index] - times[index - 1]
   end
   table.sort(taken)
   return function(percent)
      return taken[math.max(1, math.ceil(#taken * percent / 100))] or 0
   end
end

function done(summary, latency)
   local errors = summary.errors
   local percentile = function(percent) return latency:percentile(percent) / 1e3 end
   if thread:get("single") then
      percentile = between(thread:get("sent"))
   end
   io.write(string.format(
      '{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "refused": %d, "broken": %d}\n',
      summary.requests, summary.duration / 1e6, percentile(50), percentile(99), errors.status,
      errors.connect + errors.read + errors.write + errors.timeout))
end
