// One test at a time: torch's generator and thread count belong to the whole process.
[assembly: DoNotParallelize]
