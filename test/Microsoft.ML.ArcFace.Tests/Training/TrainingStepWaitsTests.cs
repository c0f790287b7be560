using System.Reflection;
using Microsoft.ML.ArcFace.Networks;
using Microsoft.ML.ArcFace.Runtime;
using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Tests.Training;

/// <summary>A training step gives a GPU its work and does not wait for it. What may wait in all the code of a step is named here.</summary>
[TestClass]
public class TrainingStepWaitsTests
{
    private static readonly MethodInfo Step = typeof(TrainingLoop).GetMethod("Step", BindingFlags.Instance | BindingFlags.NonPublic)!;

    [TestMethod]
    public void Step_AllThatItCalls_WaitsInTheLossReadoutAlone()
    {
        string[] expected =
        [
            // All losses of the last steps, once every LossReadout.IntervalOn(device) steps.
            "LossReadout.Read() calls Tensor.cpu()", "LossReadout.Read() calls Tensor.data()",

            // The copy is pinned and queued.
            "DeviceUpload.To(Tensor, Device) calls Tensor.to(Device, Boolean, Boolean, Boolean)",

            // Tensors that lie on the processor.
            "FaceTensors.ToTensor(ReadOnlySpan`1, Int32, Device, Boolean) calls Tensor.get_bytes()", "TensorMemory.Values(Tensor) calls Tensor.get_bytes()",
            "Learner.Embed(FaceBatch) calls torch.tensor(Int64[], Nullable`1, Device, Boolean, String[])",
            "Learner.Embed(FaceBatch) calls torch.tensor(Single[], Nullable`1, Device, Boolean, String[])",
        ];
        string[] actual = [.. WaitingCalls.Reachable(Step, IsNotInAStepOnGpus).Distinct()];
        CollectionAssert.AreEquivalent(expected, actual, $"Further ones: {string.Join("; ", actual.Except(expected))}.");
    }

    [TestMethod]
    public void Waiting_TorchSharp_IsWhatReadsOrCopies()
    {
        string[] waiting = [.. CalledMethods.AllOf(typeof(Tensor).Assembly).Where(WaitingCalls.Contains).Select(CalledMethods.Describe)];
        foreach (string name in new[] { "Tensor.item()", "Tensor.cpu()", "Tensor.nonzero()", "Tensor.masked_select(Tensor)" })
        {
            CollectionAssert.Contains(waiting, name);
        }

        foreach (string name in new[] { "Tensor.add(Tensor)", "Tensor.eq(Tensor)", "Tensor.norm(Int32, Boolean, Single)", "Tensor.backward()", "Tensor.detach()" })
        {
            CollectionAssert.DoesNotContain(waiting, name);
        }
    }

    [TestMethod]
    public void Reachable_CodeThatReads_IsFoundThroughLambdasAndOverrides()
    {
        MethodInfo run = typeof(TrainingLoop).GetMethod("Run", BindingFlags.Instance | BindingFlags.NonPublic)!;
        string[] found = [.. WaitingCalls.Reachable(run, IsNotInAStepOnGpus)];
        Assert.IsTrue(Array.Exists(found, call => call.StartsWith("TrainingValidation.Embed", StringComparison.Ordinal)), string.Join('\n', found));
        found = [.. WaitingCalls.Reachable(Step, _ => false)];
        Assert.IsTrue(Array.Exists(found, call => call.Contains("UntrainedLosses", StringComparison.Ordinal)), string.Join('\n', found));
    }

    /// <summary>Tells the kernels and convolutions of the processor, and what is measured before the first step.</summary>
    private static bool IsNotInAStepOnGpus(MethodBase method) =>
        method.DeclaringType == typeof(ConvolutionCheck) || method.DeclaringType == typeof(ChannelMoments) || method.DeclaringType?.Namespace?.EndsWith(".Kernels", StringComparison.Ordinal) == true || method.Name == "UntrainedLosses";
}
