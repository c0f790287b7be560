using System.Diagnostics;
using Microsoft.ML.ArcFace.Tests.Gallery;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>What tests run in a process of its own, to end it from outside: this assembly is that program too.</summary>
internal static class ChildProgram
{
    /// <summary>Its arguments are the name of the work and what belongs to it.</summary>
    public static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case [EndlessEnrollment.Name, var path]:
                EndlessEnrollment.Run(path);
                return 0;
            default:
                Console.Error.WriteLine("This program belongs to the tests; run them with build/test.sh.");
                return 2;
        }
    }

    /// <summary>Starts it; the caller reads what it prints and ends it.</summary>
    public static Process Start(params string[] arguments) =>
        Process.Start(new ProcessStartInfo("dotnet", ["exec", typeof(ChildProgram).Assembly.Location, .. arguments]) { RedirectStandardOutput = true })!;
}
