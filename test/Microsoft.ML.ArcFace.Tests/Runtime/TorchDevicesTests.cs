using Microsoft.ML.ArcFace.Runtime;
using TorchSharp;

namespace Microsoft.ML.ArcFace.Tests.Runtime;

[TestClass]
public sealed class TorchDevicesTests
{
    [TestMethod]
    public void Choose_NoGpuAskedFor_IsTheCpuWithoutLookingForGpus() =>
        Assert.AreEqual(DeviceType.CPU, TorchDevices.Choose(null, fallbackToCpu: false, () => throw new InvalidOperationException("Nobody asked for a GPU.")).type);

    [TestMethod]
    public void Choose_GpuThatIsThere_IsThatGpu()
    {
        torch.Device device = TorchDevices.Choose(1, fallbackToCpu: false, () => 2);

        Assert.AreEqual(DeviceType.CUDA, device.type);
        Assert.AreEqual(1, device.index);
    }

    [TestMethod]
    [DataRow(0, 0)]
    [DataRow(2, 2)]
    [DataRow(-1, 2)]
    public void Choose_GpuThatIsNotThereWithFallback_IsTheCpu(int id, int available) =>
        Assert.AreEqual(DeviceType.CPU, TorchDevices.Choose(id, fallbackToCpu: true, () => available).type);

    [TestMethod]
    [DataRow(0, 0, "TorchSharp-cuda-linux")]
    [DataRow(2, 2, "from 0 to 1")]
    [DataRow(-1, 2, "from 0 to 1")]
    public void Choose_GpuThatIsNotThereWithoutFallback_SaysWhatToDo(int id, int available, string words)
    {
        InvalidOperationException error = Assert.ThrowsExactly<InvalidOperationException>(() => TorchDevices.Choose(id, fallbackToCpu: false, () => available));

        Assert.Contains($"GpuDeviceId is {id}", error.Message);
        Assert.Contains("FallbackToCpu", error.Message);
        Assert.Contains(words, error.Message);
    }

    [TestMethod]
    public void Choose_OnTheMachineOfTheTest_CountsItsGpus() =>
        Assert.AreEqual(DeviceType.CPU, TorchDevices.Choose(int.MaxValue, fallbackToCpu: true).type);
}
