using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.ArcFace.Benchmarks.Serving;
using Microsoft.ML.ArcFace.Tests.Backbones.Inference;
using Microsoft.ML.ArcFace.Tests.Gallery;
using Microsoft.ML.ArcFace.Tests.Runtime;
using Microsoft.ML.ArcFace.Tests.Serving;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>What tests run in a process of its own, to end it from outside: this assembly is that program too.</summary>
internal static class ChildProgram
{
    /// <summary>Its arguments are the name of the work and what belongs to it.</summary>
    public static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case [FileBasedProgram.Name, var folder]:
                FileBasedProgram.Run(folder);
                return 0;
            case [EndlessEnrollment.Name, var path]:
                EndlessEnrollment.Run(path);
                return 0;
            case [OneOpening.Name, var path]:
                OneOpening.Run(path);
                return 0;
            case [ReloadMemoryTests.Name, var times]:
                ReloadMemory.Run(model: null, int.Parse(times, CultureInfo.InvariantCulture));
                return 0;
            case [LoadedThreads.Name]:
                LoadedThreads.Run();
                return 0;
            case [ProgramThreads.Name]:
                ProgramThreads.Run();
                return 0;
            case [EmbeddingWithoutTorch.Name]:
                EmbeddingWithoutTorch.Run();
                return 0;
            case [KeptMemory.Name]:
                KeptMemory.Run();
                return 0;
            default:
                Console.Error.WriteLine("This program belongs to the tests; run them with build/test.sh.");
                return 2;
        }
    }

    /// <summary>Starts it; the caller reads what it prints and ends it.</summary>
    public static Process Start(params string[] arguments) => Process.Start(StartInfo(arguments))!;

    /// <summary>How it is started, to be changed before.</summary>
    public static ProcessStartInfo StartInfo(params string[] arguments) =>
        new("dotnet", ["exec", typeof(ChildProgram).Assembly.Location, .. arguments]) { RedirectStandardOutput = true };
}
