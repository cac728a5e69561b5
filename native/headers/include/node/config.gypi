# node-gyp reads this before common.gypi; everything in it would be a property of one particular Node.
{ "target_defaults": {}, "variables": {} }
