using System.CommandLine;
using System.Diagnostics;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Tool;

namespace Microsoft.ML.ArcFace.Tests.Runtime;

/// <summary>How many threads compute: by the variable, by libtorch, by --threads.</summary>
[TestClass]
[DoNotParallelize]
public sealed class ProcessorThreadsTests
{
    [TestMethod]
    public void Choose_WithLibtorch_CountsForBoth()
    {
        NativeLibraries.EnsureLoaded();
        int before = ProcessorThreads.Count;
        Assert.IsNull(ProcessorThreads.Choose(null));
        using (ProcessorThreads.Choose(before + 2))
        {
            Assert.AreEqual((before + 2, before + 2), (ProcessorThreads.Count, TorchSharp.torch.get_num_threads()));
            using (ProcessorThreads.Choose(1))
            {
                Assert.AreEqual((1, 1), (ProcessorThreads.Count, TorchSharp.torch.get_num_threads()));
            }

            Assert.AreEqual((before + 2, before + 2), (ProcessorThreads.Count, TorchSharp.torch.get_num_threads()));
        }

        Assert.AreEqual((before, before), (ProcessorThreads.Count, TorchSharp.torch.get_num_threads()));
    }

    [TestMethod]
    public void Count_ThreadThatHasCalledLibtorch_IsTheNumberChosenOnAnother()
    {
        NativeLibraries.EnsureLoaded();
        int before = ProcessorThreads.Count, during = 0;
        using var hasCalled = new ManualResetEventSlim();
        using var isChosen = new ManualResetEventSlim();
        var thread = new Thread(() =>
        {
            TorchSharp.torch.set_num_threads(before);
            hasCalled.Set();
            isChosen.Wait();
            during = ProcessorThreads.Count;
        });
        thread.Start();
        hasCalled.Wait();
        using (ProcessorThreads.Choose(before + 3))
        {
            isChosen.Set();
            thread.Join();
        }

        Assert.AreEqual(before + 3, during);
    }

    [TestMethod]
    public void Count_LibtorchLoadedByTheProgram_IsItsOwn()
    {
        ProcessStartInfo start = ChildProgram.StartInfo(ProgramThreads.Name);
        start.Environment[ProcessorThreads.Variable] = "3";
        using Process process = Process.Start(start)!;
        string printed = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.AreEqual(
            string.Join(Environment.NewLine, "at first: 3", "libtorch loaded by the program: 2", "chosen: 1", "chosen, libtorch loaded by the library: 1", "at last: 2", ""), printed);
    }

    [TestMethod]
    [DataRow("--threads 1", 1), DataRow("--threads 3", 3), DataRow("", 0)]
    public async Task Threads_OfACommand_CountWhileItRuns(string options, int expected)
    {
        int before = ProcessorThreads.Count, during = 0;
        var command = new System.CommandLine.Command("count") { ToolCommand.Threads };
        command.Answer(_ =>
        {
            during = ProcessorThreads.Count;
            return new ToolAnswer(new ErrorFacts(new("", "")), "");
        });
        Assert.AreEqual(0, await new RootCommand { command, ToolCommand.Json, ToolCommand.Verbose, ToolCommand.TemporaryFolder }.Parse($"count {options}").InvokeAsync(new ToolInvocation { Output = TextWriter.Null, Error = TextWriter.Null }));
        Assert.AreEqual(expected > 0 ? expected : before, during);
        Assert.AreEqual(before, ProcessorThreads.Count);
    }

    [TestMethod]
    public void Threads_OutOfRangeOrOfACommandThatComputesNothing_IsRefused()
    {
        Assert.Contains("--threads is '0'; it must be a whole number from 1 to 1024", ArcFaceCommand.Create().Parse("embed --model a.zip b.jpg --output c.npy --threads 0").Errors.Select(error => error.Message).First(message => message.Contains("threads", StringComparison.Ordinal)));
        Assert.IsTrue(ArcFaceCommand.Create().Parse("people --gallery people.db --threads 1").Errors.Count > 0);
        foreach (System.CommandLine.Command command in ArcFaceCommand.Create().Subcommands.Where(command => command.Options.Contains(ToolCommand.Gpu)))
        {
            Assert.Contains(ToolCommand.Threads, command.Options, command.Name);
        }
    }
}
