using Microsoft.ML.ArcFace.Runtime;

namespace Microsoft.ML.ArcFace.Tests.Runtime;

[TestClass]
public sealed class NativeLibrariesTests
{
    [TestMethod]
    public void EnsureLoaded_FromManyThreads_LetsTorchWork()
    {
        Parallel.For(0, 16, _ => NativeLibraries.EnsureLoaded());

        using TorchSharp.torch.Tensor two = TorchSharp.torch.ones(2).sum();
        Assert.AreEqual(2f, two.item<float>());
    }

    [TestMethod]
    public void Load_OnlyTheFirstLibraryFails_IsNoError() =>
        Assert.IsNull(NativeLibraries.Load(name =>
        {
            if (name == "torch_cpu")
            {
                throw new DllNotFoundException(name);
            }
        }));

    [TestMethod]
    public void Load_TheDecidingLibraryFails_GivesTheLoadersError()
    {
        Exception? error = NativeLibraries.Load(name => throw new DllNotFoundException(name));

        Assert.AreEqual("LibTorchSharp", error?.Message);
    }

    [TestMethod]
    public void TorchSharpVersion_IsThatOfTheNativePackages() =>
        Assert.AreEqual(3, NativeLibraries.TorchSharpVersion.Split('.').Length, "As packages are numbered: major.minor.patch.");
}
