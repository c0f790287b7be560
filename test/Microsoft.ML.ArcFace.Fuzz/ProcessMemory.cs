using System.Globalization;

namespace Microsoft.ML.ArcFace.Fuzz;

/// <summary>Measures by how much the process grows, native memory included. Linux alone tells.</summary>
internal static class ProcessMemory
{
    /// <summary>Does something and gives the bytes by which the greatest resident set exceeded the one before; 0 where the system does not tell.</summary>
    public static long GrowthBy(Action action)
    {
        if (!OperatingSystem.IsLinux())
        {
            action();
            return 0;
        }

        // Sets the greatest resident set to the present one.
        File.WriteAllText("/proc/self/clear_refs", "5");
        long before = Read("VmRSS:");
        action();
        return Read("VmHWM:") - before;
    }

    private static long Read(string name) => File.ReadLines("/proc/self/status").Where(line => line.StartsWith(name, StringComparison.Ordinal))
        .Select(line => long.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) << 10).Single();
}
